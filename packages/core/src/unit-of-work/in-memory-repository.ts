import { IdentityMap } from './identity-map.ts'
import type { InMemoryUnit } from './in-memory-transaction.ts'
import type { Aggregate, AggregateMapping, AggregateRows, PartialRepository } from './repository.ts'
import { type StoredAggregate, trackedRepository } from './tracked-repository.ts'

/** Picks the children that belong to a part; of those that it does not name there are none. */
type InMemoryPart = (rows: AggregateRows) => Partial<AggregateRows['children']>

export interface InMemoryRepository<A extends Aggregate> extends PartialRepository<A, InMemoryPart> {
  /** The ids of the stored aggregates whose rows match, for finders: give them to `get`. */
  idsWhere(matches: (rows: AggregateRows) => boolean): Promise<readonly string[]>
}

/** A repository over an in-memory store. It keeps rows, not objects, so that a mapping's faults show. */
export function inMemoryRepository<A extends Aggregate>(
  unit: InMemoryUnit,
  name: string,
  mapping: AggregateMapping<A>,
): InMemoryRepository<A> {
  const { transaction } = unit
  const identities = new IdentityMap<A>(name, mapping)
  // What the map holds is the repository's own affair.
  transaction.track(identities as unknown as IdentityMap)
  const repository = trackedRepository(identities, {
    assertActive: () => transaction.assertActive(),
    read: async (id, lock, part?: InMemoryPart) =>
      withoutOrder(partOf(await transaction.read(name, id, lock && 'if there'), part)),
  })
  return {
    ...repository,
    async idsWhere(matches) {
      const all = await transaction.readAll(name)
      return [...all].filter(([, { rows }]) => matches(rows)).map(([id]) => id)
    },
  }
}

function partOf(
  stored: StoredAggregate | undefined,
  part: InMemoryPart | undefined,
): StoredAggregate | undefined {
  if (stored === undefined || part === undefined) return stored
  const { version, rows } = stored
  const picked = part(rows)
  const children = Object.keys(rows.children).map((table) => [table, picked[table] ?? []] as const)
  return { version, rows: { root: rows.root, children: Object.fromEntries(children) } }
}

/** Rows have no order in a database; turning them round shows who relies on one. */
function withoutOrder(stored: StoredAggregate | undefined): StoredAggregate | undefined {
  if (stored === undefined) return undefined
  const { version, rows } = stored
  const children = Object.entries(rows.children).map(([table, list]) => [table, [...list].reverse()] as const)
  return { version, rows: { root: rows.root, children: Object.fromEntries(children) } }
}
