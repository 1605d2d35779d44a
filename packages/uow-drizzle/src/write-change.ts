import {
  type AggregateChange,
  aggregateExists,
  concurrencyConflict,
  type Row,
  type RowChanges,
} from '@posthorn/core/storage'
import { and, eq, getTableName, type SQL } from 'drizzle-orm'
import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core'
import { encoded, type Statement, statementOn } from './aggregate-statements.ts'
import { type AggregateTables, childOf, columnOf } from './aggregate-tables.ts'
import { checkedUpdate, hasFoundNone } from './checked-update.ts'
import { uniqueViolation } from './classify-error.ts'
import type { Parameter } from './parameters.ts'
import type { Db } from './statement-client.ts'

/** A unit, of which only its drizzle is used, and that only for a statement that was not yet built. */
interface WithDb {
  readonly db: Db
}

type Run = (text: string, parameters: readonly Parameter[]) => Promise<readonly unknown[]>

/** Sends a statement that has been built, and looks at its answer. */
export type Write = (run: Run) => Promise<unknown>

/** Rows in one insert: a statement has at most 65,534 parameters. */
const INSERT_ROWS = 500

/**
 * Builds the statements that write one aggregate's change, in their order: the root first, because its version decides
 * whether the others may be written at all. What is wrong with a value shows now, before any of them is sent.
 */
export function writeChange(
  unit: WithDb,
  tables: AggregateTables,
  change: AggregateChange,
): readonly Write[] {
  const { table } = tables
  const root = writeRoot(unit, tables, change)
  const children = change.children.flatMap((changes) => writeChildren(unit, tables, changes, change))
  if (change.kind !== 'delete') return [root, ...children]
  return [root, ...children, remove(unit, table, { id: change.id })]
}

type Sent = (run: Run) => ReturnType<Run>

function sent({ text, parameters }: Statement): Sent {
  return (run) => run(text, parameters)
}

function insert(unit: WithDb, table: PgTable, rows: readonly Row[]): Sent {
  const values = rows.map((row) => known(table, row))
  return sent(statementOn(table, 'insert', values, (each) => unit.db.insert(table).values([...each])))
}

function update(unit: WithDb, table: PgTable, row: Row, key: Row): Statement {
  const values = [known(table, row), key] as const
  return statementOn(table, 'update', values, ([set, sought]) =>
    unit.db.update(table).set(set).where(matches(table, sought)),
  )
}

function remove(unit: WithDb, table: PgTable, key: Row): Sent {
  const statement = statementOn(table, 'delete', [key] as const, ([sought]) =>
    unit.db.delete(table).where(matches(table, sought)),
  )
  return sent(statement)
}

function removeAll(unit: WithDb, table: PgTable, column: PgColumn, value: string): Sent {
  const statement = statementOn(table, `delete by ${column.name}`, [{ value }] as const, ([sought]) =>
    unit.db.delete(table).where(eq(column, encoded(column, sought.value))),
  )
  return sent(statement)
}

function writeRoot(
  unit: WithDb,
  { table }: AggregateTables,
  { kind, id, version, sought, root }: AggregateChange,
): Write {
  const name = getTableName(table)
  const values = { ...root, version: version + 1 }
  if (kind === 'insert') {
    const inserted = insert(unit, table, [{ ...values, id }])
    return (run) =>
      inserted(run).catch((error: unknown) => {
        if (!isTaken(table, error)) throw error
        throw sought ? concurrencyConflict(name, id) : aggregateExists(name, id, error)
      })
  }
  const updated = sent(checkedUpdate(update(unit, table, values, { id, version })))
  return (run) =>
    updated(run).catch((error: unknown) => {
      throw hasFoundNone(error) ? concurrencyConflict(name, id) : error
    })
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
  unit: WithDb,
  tables: AggregateTables,
  { table: name, inserted, updated, deleted }: RowChanges,
  { kind, id }: AggregateChange,
): readonly Write[] {
  const { table, root } = childOf(tables, name)
  if (kind === 'delete') return [removeAll(unit, table, root, id)]
  const inserts: Write[] = []
  for (let from = 0; from < inserted.length; from += INSERT_ROWS) {
    inserts.push(insert(unit, table, inserted.slice(from, from + INSERT_ROWS)))
  }
  return [
    ...deleted.map((key) => remove(unit, table, key)),
    ...updated.map(({ key, set }) => sent(update(unit, table, set, key))),
    ...inserts,
  ]
}

/** The row itself, once every column in it is known to be one: drizzle would leave the others out without a word. */
function known(table: PgTable, row: Row): Row {
  for (const property of Object.keys(row)) columnOf(table, property)
  return row
}

function matches(table: PgTable, key: Row): SQL | undefined {
  const conditions = Object.entries(key).map(([property, value]) => {
    const column = columnOf(table, property)
    return eq(column, encoded(column, value))
  })
  return and(...conditions)
}
