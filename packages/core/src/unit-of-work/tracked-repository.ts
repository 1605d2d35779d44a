import type { IdentityMap } from './identity-map.ts'
import type { Aggregate, AggregateRows, Repository } from './repository.ts'
import { concurrencyConflict } from './unit-errors.ts'

/** An aggregate as a store has it. */
export interface StoredAggregate {
  readonly rows: AggregateRows
  readonly version: number
}

/** What a repository needs of its store. */
export interface RepositoryAccess {
  /** Throws once the unit has ended. */
  assertActive(): void
  /** What is committed, whole; with `lock` held for this unit until it ends. */
  read(id: string, lock: boolean): Promise<StoredAggregate | undefined>
}

/** A repository over an identity map: reads what it does not know yet, and leaves all writing to the commit. */
export function trackedRepository<A extends Aggregate>(
  identities: IdentityMap<A>,
  { assertActive, read }: RepositoryAccess,
): Repository<A> {
  return {
    async get(id, { lock } = {}) {
      assertActive()
      const known = identities.find(id)
      if (known !== undefined && (known.locked || lock === undefined)) return known.aggregate
      const stored = await read(id, lock === 'update')
      // Tracked without the lock, and changed by somebody before we had it.
      if (known !== undefined && stored?.version !== known.version) {
        throw concurrencyConflict(identities.name, id)
      }
      if (stored !== undefined) return identities.load(id, stored.rows, stored.version, lock === 'update')
      return identities.missed(id)
    },
    add(aggregate) {
      assertActive()
      identities.add(aggregate)
    },
    remove(aggregate) {
      assertActive()
      identities.remove(aggregate)
    },
  }
}
