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

/** Sends a statement that has been built, and looks at its answer. */
export type Write = (run: Run) => Promise<unknown>

/** A statement of drizzle's, which would run some at once and others a moment later. */
interface Query {
  toSQL(): { readonly sql: string; readonly params: readonly unknown[] }
}

/** Rows in one insert: a statement has at most 65,534 parameters. */
const INSERT_ROWS = 500

/**
 * Builds the statements that write one aggregate's change, in their order: the root first, because its version decides
 * whether the others may be written at all. What is wrong with a value shows now, before any of them is sent.
 */
export function writeChange(db: Db, tables: AggregateTables, change: AggregateChange): readonly Write[] {
  const { table } = tables
  const root = writeRoot(db, tables, change)
  const children = change.children.flatMap((changes) => writeChildren(db, tables, changes, change))
  if (change.kind !== 'delete') return [root, ...children]
  return [root, ...children, built(db.delete(table as PgTable).where(eq(table.id, change.id)))]
}

function built(query: Query): (run: Run) => ReturnType<Run> {
  const { sql, params } = query.toSQL()
  // Drizzle has mapped them by column.
  return (run) => run(sql, params as readonly Parameter[])
}

function writeRoot(
  db: Db,
  { table }: AggregateTables,
  { kind, id, version, sought, root }: AggregateChange,
): Write {
  const name = getTableName(table)
  const values = { ...known(table, root), version: version + 1 }
  if (kind === 'insert') {
    const insert = built(db.insert(table as PgTable).values({ ...values, id }))
    return (run) =>
      insert(run).catch((error: unknown) => {
        if (!isTaken(table, error)) throw error
        throw sought ? concurrencyConflict(name, id) : aggregateExists(name, id, error)
      })
  }
  const update = built(
    db
      .update(table as PgTable)
      .set(values)
      .where(and(eq(table.id, id), eq(table.version, version)))
      .returning({ id: table.id }),
  )
  return async (run) => {
    if ((await update(run)).length === 0) throw concurrencyConflict(name, id)
  }
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
  tables: AggregateTables,
  { table: name, inserted, updated, deleted }: RowChanges,
  { kind, id }: AggregateChange,
): readonly Write[] {
  const { table, root } = childOf(tables, name)
  if (kind === 'delete') return [built(db.delete(table).where(eq(root, id)))]
  const inserts: Row[][] = []
  for (let from = 0; from < inserted.length; from += INSERT_ROWS) {
    inserts.push(inserted.slice(from, from + INSERT_ROWS).map((row) => known(table, row)))
  }
  return [
    ...deleted.map((key) => built(db.delete(table).where(matches(table, key)))),
    ...updated.map(({ key, set }) =>
      built(db.update(table).set(known(table, set)).where(matches(table, key))),
    ),
    ...inserts.map((rows) => built(db.insert(table).values(rows))),
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
