import { abortOf } from '../abort.ts'
import type { Domain } from '../messages/define-domain.ts'
import type { InMemoryStore } from './in-memory-store.ts'
import { InMemoryTransaction, type InMemoryUnit } from './in-memory-transaction.ts'
import type { BeginOptions, UnitsOfWork } from './unit-of-work.ts'
import { type Factories, joinFactories, type UnitParts } from './unit-session.ts'
import { type UnitsOptions, unitsOfWork } from './units-of-work.ts'

export interface InMemoryUnitsOptions<R extends object, A extends object, D extends string>
  extends UnitsOptions {
  readonly domain: Domain<D>
  readonly store: InMemoryStore
  readonly repositories: Factories<R, InMemoryUnit>
  readonly adapters?: Factories<A, InMemoryUnit>
}

/**
 * Units of work over an in-memory store: for tests, and for running without a database. Reads see what is committed;
 * isolation levels and the timeouts, but for `lockTimeout`, have no effect.
 */
export function inMemoryUnitsOfWork<R extends object, D extends string, A extends object = object>(
  options: InMemoryUnitsOptions<R, A, D>,
): UnitsOfWork<R & A, D> {
  const { domain, store, repositories, adapters } = options
  const parts = joinFactories(repositories, adapters)
  return unitsOfWork<R & A, D>(domain, (unit = {}) => begin(store, parts, unit), {
    clock: store.clock,
    ...options,
  })
}

async function begin<R extends object, D extends string>(
  store: InMemoryStore,
  parts: UnitParts<R, InMemoryUnit>,
  options: BeginOptions,
): Promise<InMemoryTransaction<R, D>> {
  const abort = abortOf(options)
  if (abort?.aborted) throw abort.reason
  await store.door.pass('begin', async () => undefined)
  if (abort?.aborted) throw abort.reason
  const transaction = new InMemoryTransaction<R, D>(store, parts, options)
  if (options.lockKey === undefined) return transaction
  try {
    await transaction.lockKey(options.lockKey)
    return transaction
  } catch (error) {
    await transaction.rollback()
    throw error
  }
}
