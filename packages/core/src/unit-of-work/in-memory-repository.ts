import { IdentityMap } from './identity-map.ts'
import type { InMemoryUnit } from './in-memory-transaction.ts'
import type { Aggregate, AggregateMapping, AggregateRows, GetOptions, Repository } from './repository.ts'
import { concurrencyConflict } from './unit-errors.ts'

export interface InMemoryRepository<A extends Aggregate> extends Repository<A> {
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
  transaction.track(identities as unknown as IdentityMap)

  return {
    async get(id: string, { lock }: GetOptions = {}) {
      transaction.assertActive()
      const known = identities.find(id)
      if (known !== undefined && (known.locked || lock === undefined)) return known.aggregate
      const stored = await transaction.read(name, id, lock === 'update')
      if (known !== undefined && stored?.version !== known.version) throw concurrencyConflict(name, id)
      if (stored === undefined) return identities.find(id)?.aggregate
      return identities.load(id, stored.rows, stored.version, lock === 'update')
    },
    add(aggregate) {
      transaction.assertActive()
      identities.add(aggregate)
    },
    remove(aggregate) {
      transaction.assertActive()
      identities.remove(aggregate)
    },
    async idsWhere(matches) {
      const all = await transaction.readAll(name)
      return [...all].filter(([, { rows }]) => matches(rows)).map(([id]) => id)
    },
  }
}
