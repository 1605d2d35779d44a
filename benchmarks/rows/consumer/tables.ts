import { migrate, postgresDriver } from '@posthorn/uow-drizzle'
import postgres from 'postgres'

/** Orders that events are about, one after the other: so many that no two of those under way are about the same. */
export const ORDERS = 1_000

/** Posthorn's inbox and outbox, and a table of orders, for everybody. */
export async function tables(databaseUrl: string) {
  await using driver = postgresDriver(databaseUrl)
  await migrate(driver)
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  await sql`create table orders (id text primary key, version int not null, shipments int not null)`
  return {
    async reset(): Promise<void> {
      await sql`truncate orders, posthorn_inbox, posthorn_outbox`
      await sql`insert into orders select 'order-' || n, 1, 0 from generate_series(0, ${ORDERS - 1}) as n`
      await sql`vacuum analyze orders, posthorn_inbox, posthorn_outbox`
    },
    /** Each of so many messages has left its traces, once. */
    async assert(size: number): Promise<void> {
      const [found] = await sql`
        select (select sum(shipments) from orders)::int as shipments,
          (select count(*) from posthorn_inbox)::int as inbox, (select count(*) from posthorn_outbox)::int as outbox`
      const { shipments, inbox, outbox } = found ?? {}
      if (shipments !== size || inbox !== size || outbox !== size) {
        throw new Error(`${size} messages have left ${JSON.stringify(found)}`)
      }
    },
    end: () => sql.end(),
  }
}
