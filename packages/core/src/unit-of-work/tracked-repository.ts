import type { IdentityMap } from './identity-map.ts'
import type { Aggregate, AggregateRows, GetOptions, PartialRepository } from './repository.ts'
import { concurrencyConflict } from './unit-errors.ts'

/** An aggregate as a store has it. */
export interface StoredAggregate {
  readonly rows: AggregateRows
  readonly version: number
}

/** What a repository needs of its store. `P` is how a part of an aggregate is named there. */
export interface RepositoryAccess<P = never> {
  /** Throws once the unit has ended. */
  assertActive(): void
  /** What is committed, whole or the part; with `lock` held for this unit until it ends. */
  read(id: string, lock: boolean, part?: P): Promise<StoredAggregate | undefined>
}

/** A repository over an identity map: reads what it does not know yet, and leaves all writing to the commit. */
export function trackedRepository<A extends Aggregate, P = never>(
  identities: IdentityMap<A>,
  { assertActive, read }: RepositoryAccess<P>,
): PartialRepository<A, P> {
  const get = async (id: A['id'], { lock }: GetOptions = {}, part?: P) => {
    assertActive()
    const known = identities.find(id)
    if (known !== undefined && (known.locked || lock === undefined)) return known.aggregate
    const locked = lock === 'update'
    const stored = await read(id, locked, part)
    // Tracked without the lock, and changed by somebody before we had it.
    if (known !== undefined && stored?.version !== known.version) {
      throw concurrencyConflict(identities.name, id)
    }
    if (stored === undefined) return identities.missed(id)
    return identities.load(id, stored.rows, stored.version, locked, part === undefined ? 'whole' : 'part')
  }
  return {
    get: (id, options) => get(id, options),
    getPart: (id, part, options) => get(id, options, part),
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
