import {
  type AggregateChange,
  aggregateExists,
  concurrencyConflict,
  type Row,
  type RowChanges,
} from '@posthorn/core/storage'
import { and, eq, getTableName, type SQL } from 'drizzle-orm'
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core'
import { type AggregateTables, childOf, columnOf } from './aggregate-tables.ts'
import { uniqueViolation } from './classify-error.ts'
import type { Db, Parameter } from './statement-client.ts'

type Run = (text: string, parameters: readonly Parameter[]) => Promise<readonly unknown[]>

/** A statement that drizzle has built but not run. It would run some at once and others a moment later. */
interface Built {
  toSQL(): { readonly sql: string; readonly params: readonly unknown[] }
}

/** Rows in one insert: a statement has at most 65,534 parameters. */
const INSERT_ROWS = 500

/**
 * Starts the statements that write one aggregate's change, in their order: the root first, because its version decides
 * whether the others may be written at all. None waits for the one before it.
 */
export function writeChange(
  db: Db,
  run: Run,
  tables: AggregateTables,
  change: AggregateChange,
): readonly Promise<unknown>[] {
  const send = (statement: Built) => {
    const { sql, params } = statement.toSQL()
    // Drizzle has mapped them by column.
    return run(sql, params as readonly Parameter[])
  }
  const { table } = tables
  const root = writeRoot(db, send, tables, change)
  const children = change.children.flatMap((changes) => writeChildren(db, send, tables, changes, change))
  if (change.kind !== 'delete') return [root, ...children]
  return [root, ...children, send(db.delete(table as PgTable).where(eq(table.id, change.id)))]
}

async function writeRoot(
  db: Db,
  send: (statement: Built) => Promise<readonly unknown[]>,
  { table }: AggregateTables,
  { kind, id, version, sought, root }: AggregateChange,
): Promise<void> {
  const name = getTableName(table)
  const values = { ...known(table, root), version: version + 1 }
  if (kind === 'insert') {
    try {
      await send(db.insert(table as PgTable).values({ ...values, id }))
    } catch (error) {
      if (!isTaken(table, error)) throw error
      throw sought ? concurrencyConflict(name, id) : aggregateExists(name, id, error)
    }
    return
  }
  const updated = await send(
    db
      .update(table as PgTable)
      .set(values)
      .where(and(eq(table.id, id), eq(table.version, version)))
      .returning({ id: table.id }),
  )
  if (updated.length === 0) throw concurrencyConflict(name, id)
}

/** Whether the error says that the primary key is taken, and not that another constraint is violated. */
function isTaken(table: PgTable, error: unknown): boolean {
  const violated = uniqueViolation(error)
  const name = getTableName(table)
  if (violated?.table !== name) return false
  // As Postgres names it by default: 63 characters at most.
  if (violated.constraint === `${name.slice(0, 58)}_pkey`) return true
  return getTableConfig(table).primaryKeys.some((key) => key.getName() === violated.constraint)
}

function writeChildren(
  db: Db,
  send: (statement: Built) => Promise<readonly unknown[]>,
  tables: AggregateTables,
  { table: name, inserted, updated, deleted }: RowChanges,
  { kind, id }: AggregateChange,
): readonly Promise<unknown>[] {
  const { table, root } = childOf(tables, name)
  if (kind === 'delete') return [send(db.delete(table).where(eq(root, id)))]
  const inserts: Row[][] = []
  for (let from = 0; from < inserted.length; from += INSERT_ROWS) {
    inserts.push(inserted.slice(from, from + INSERT_ROWS).map((row) => known(table, row)))
  }
  return [
    ...deleted.map((key) => send(db.delete(table).where(matches(table, key)))),
    ...updated.map(({ key, set }) =>
      send(db.update(table).set(known(table, set)).where(matches(table, key))),
    ),
    ...inserts.map((rows) => send(db.insert(table).values(rows))),
  ]
}

/** The row itself, once every column in it is known to be one: drizzle would leave the others out without a word. */
function known(table: PgTable, row: Row): Row {
  for (const property of Object.keys(row)) columnOf(table, property)
  return row
}

function matches(table: PgTable, key: Row): SQL | undefined {
  return and(...Object.entries(key).map(([property, value]) => eq(columnOf(table, property), value)))
}
