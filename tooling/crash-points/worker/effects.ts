import type { DrizzleUnit } from '@posthorn/uow-drizzle'

/** What handlers leave behind: rows that nothing keeps from being there twice. */
export interface Effects {
  /** How many orders its key has had, this one included. */
  count(key: string): Promise<number>
  write(table: string, row: Readonly<Record<string, string | number>>): Promise<void>
}

/** Effects in the transaction of a unit of work. */
export function effectsOf({ transaction }: DrizzleUnit): Effects {
  return {
    count: async (key) => {
      const [row] = await transaction.run(
        'insert into counters values ($1, 1) on conflict (key) do update set n = counters.n + 1 returning n',
        [key],
      )
      return (row as { readonly n: number }).n
    },
    write: async (table, row) => {
      const names = Object.keys(row)
      const places = names.map((_, index) => `$${index + 1}`)
      await transaction.run(
        `insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`,
        Object.values(row),
      )
    },
  }
}

/** The tables, one file for both domains. `seq` tells in which order the rows were written. */
export const TABLES = `
  create table counters (key text primary key, n int not null);
  create table placed (message text not null, key text not null, n int not null);
  create table kept (message text not null);
  create table undone (message text not null);
  create table followed (message text not null);
  create table told (message text not null);
  create table heard (message text not null);
  create table booked (seq bigint generated always as identity, event text not null, message text not null,
    key text not null, n int not null)`
