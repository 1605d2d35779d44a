import type { Aggregate, AggregateMapping, PartialRepository } from '@posthorn/core'
import {
  concurrencyConflict,
  IdentityMap,
  type StoredAggregate,
  trackedRepository,
} from '@posthorn/core/storage'
import { and, eq, getTableName } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { encoded, rowsOf, type Statement, statementOn } from './aggregate-statements.ts'
import { type AggregateTables, type ChildTable, childOf, type RootTable } from './aggregate-tables.ts'
import type { DrizzlePart } from './drizzle-part.ts'
import type { DrizzleUnit } from './drizzle-transaction.ts'
import { pipelined } from './pipelined.ts'
import { writeChange } from './write-change.ts'

/** Where an aggregate's rows are, and how they become one. */
export interface DrizzleRepositoryOptions<A extends Aggregate> {
  readonly table: RootTable
  /** By the names that the mapping uses. */
  readonly children?: Readonly<Record<string, ChildTable>>
  readonly mapping: AggregateMapping<A>
}

/**
 * A repository over drizzle tables; rows have the properties of the tables. A finder selects the id with the unit's
 * `db`, then `get`s it from here: `{ ...products, getByBatchRef: async (ref) => products.get(await skuOf(ref)) }`.
 */
export function drizzleRepository<A extends Aggregate>(
  unit: DrizzleUnit,
  { table, children = {}, mapping }: DrizzleRepositoryOptions<A>,
): PartialRepository<A, DrizzlePart> {
  const { transaction } = unit
  const tables = { table, children }
  const identities = new IdentityMap<A>(getTableName(table), mapping)
  transaction.track({
    // What the map holds is the repository's own affair.
    identities: identities as unknown as IdentityMap,
    write: (change) => writeChange(unit, tables, change),
  })
  return trackedRepository(identities, {
    assertActive: transaction.assertActive,
    read: (id, lock, part?: DrizzlePart) => read(unit, tables, id, lock, part),
  })
}

/** Another unit may commit between the reads of root and children; then all is read again, so often at most. */
const READS = 5

async function read(
  unit: DrizzleUnit,
  tables: AggregateTables,
  id: string,
  lock: boolean,
  part: DrizzlePart | undefined,
): Promise<StoredAggregate | undefined> {
  const { table, children } = tables
  const names = Object.keys(part?.conditions ?? children)
  const statements = [
    select(unit, table, table.id, id, lock),
    ...names.map((name) => selectChildren(unit, childOf(tables, name), name, id, part)),
    ...(lock || names.length === 0 ? [] : [selectVersion(unit, table, id)]),
  ]
  for (let reads = 0; reads < READS; reads++) {
    const [roots = [], ...others] = await pipelined(
      statements.map(({ text, parameters }) => unit.transaction.run(text, parameters, true)),
    )
    const [root] = rowsOf(table, roots)
    if (root === undefined) return undefined
    const after = others[names.length] as readonly [number][] | undefined
    if (after !== undefined && Number(after[0]?.[0]) !== Number(root.version)) continue
    const rows = Object.entries(children).map(
      ([name, child]) => [name, rowsOf(child.table, others[names.indexOf(name)] ?? [])] as const,
    )
    return { version: Number(root.version), rows: { root, children: Object.fromEntries(rows) } }
  }
  throw concurrencyConflict(getTableName(table), id)
}

function select(unit: DrizzleUnit, table: PgTable, column: PgColumn, value: string, lock = false): Statement {
  const kind = `select by ${column.name}${lock ? ' for update' : ''}`
  return statementOn(table, kind, [{ value }] as const, ([sought]) => {
    const query = unit.db
      .select()
      .from(table)
      .where(eq(column, encoded(column, sought.value)))
    return lock ? query.for('update') : query
  })
}

function selectChildren(
  unit: DrizzleUnit,
  { table, root }: ChildTable,
  name: string,
  id: string,
  part: DrizzlePart | undefined,
): Statement {
  const condition = part?.conditions[name]
  if (part === undefined || condition === undefined) return select(unit, table, root, id)
  const build = ([sought, values]: readonly [{ readonly id: string }, DrizzlePart['values']]) =>
    unit.db
      .select()
      .from(table)
      .where(and(eq(root, encoded(root, sought.id)), condition(values)))
  return statementOn(
    table,
    `select part of ${getTableName(table)} by ${root.name}`,
    [{ id }, part.values] as const,
    build,
    condition,
  )
}

function selectVersion(unit: DrizzleUnit, table: RootTable, id: string): Statement {
  return statementOn(table, 'select version', [{ id }] as const, ([sought]) =>
    unit.db
      .select({ version: table.version })
      .from(table as PgTable)
      .where(eq(table.id, encoded(table.id, sought.id))),
  )
}
