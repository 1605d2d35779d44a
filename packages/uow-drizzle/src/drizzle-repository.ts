import type { Aggregate, AggregateMapping, Repository } from '@posthorn/core'
import {
  concurrencyConflict,
  IdentityMap,
  type Row,
  type StoredAggregate,
  trackedRepository,
} from '@posthorn/core/storage'
import { DrizzleQueryError, eq, getTableName } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { AggregateTables, ChildTable, RootTable } from './aggregate-tables.ts'
import type { DrizzleUnit } from './drizzle-transaction.ts'
import { pipelined } from './pipelined.ts'
import type { Db } from './statement-client.ts'
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
): Repository<A> {
  const { db, transaction } = unit
  const tables = { table, children }
  const identities = new IdentityMap<A>(getTableName(table), mapping)
  transaction.track({
    // What the map holds is the repository's own affair.
    identities: identities as unknown as IdentityMap,
    write: (change) => writeChange(db, tables, change),
  })
  return trackedRepository(identities, {
    assertActive: transaction.assertActive,
    read: async (id, lock) => {
      try {
        return await readWhole(db, tables, id, lock)
      } catch (error) {
        // Drizzle's own error tells the world the parameters.
        throw error instanceof DrizzleQueryError ? error.cause : error
      }
    },
  })
}

/** Another unit may commit between the reads of root and children; then all is read again, so often at most. */
const READS = 5

async function readWhole(
  db: Db,
  tables: AggregateTables,
  id: string,
  lock: boolean,
): Promise<StoredAggregate | undefined> {
  const { table, children } = tables
  const names = Object.keys(children)
  for (let reads = 0; reads < READS; reads++) {
    const root = db
      .select()
      .from(table as PgTable)
      .where(eq(table.id, id))
    const version = db
      .select({ version: table.version })
      .from(table as PgTable)
      .where(eq(table.id, id))
    const [roots = [], ...others] = await pipelined<readonly Record<string, unknown>[]>([
      (lock ? root.for('update') : root).execute(),
      ...Object.values(children).map((child) =>
        db.select().from(child.table).where(eq(child.root, id)).execute(),
      ),
      ...(lock || names.length === 0 ? [] : [version.execute()]),
    ])
    const [found] = roots
    if (found === undefined) return undefined
    const after = others[names.length]
    if (after !== undefined && after[0]?.version !== found.version) continue
    const rowsOf = names.map((name, index) => [name, others[index] as readonly Row[]] as const)
    return {
      version: Number(found.version),
      // The columns' types are the mapping's affair.
      rows: { root: found as Row, children: Object.fromEntries(rowsOf) },
    }
  }
  throw concurrencyConflict(getTableName(table), id)
}
