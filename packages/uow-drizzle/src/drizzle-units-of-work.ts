import type { Domain, UnitOptions, UnitsOfWork } from '@posthorn/core'
import { type Factories, joinFactories, type UnitsOptions, unitsOfWork } from '@posthorn/core/storage'
import { claimEarly, UnitInbox } from './drizzle-inbox.ts'
import { DrizzleTransaction, type DrizzleUnit } from './drizzle-transaction.ts'
import type { PostgresDriver } from './postgres-driver.ts'

type BeginOptions = NonNullable<Parameters<UnitsOfWork['begin']>[0]>

/** The parts of a unit of work on Postgres. */
export interface DrizzleUnitsOptions<R extends object, A extends object, D extends string>
  extends UnitsOptions {
  readonly domain: Domain<D>
  readonly driver: PostgresDriver
  readonly repositories: Factories<R, DrizzleUnit>
  /** Whatever else handlers need inside the transaction, such as views; disposed with the unit. */
  readonly adapters?: Factories<A, DrizzleUnit>
  /** For units that do not say otherwise. */
  readonly defaults?: Omit<UnitOptions, 'signal' | 'lockKey'>
}

/**
 * Units of work in Postgres. Reading, changing and committing an aggregate with its messages takes three round trips:
 * BEGIN; read; writes, outbox and COMMIT.
 */
export function drizzleUnitsOfWork<R extends object, D extends string, A extends object = object>(
  options: DrizzleUnitsOptions<R, A, D>,
): UnitsOfWork<R & A, D> {
  const { domain, driver, repositories, adapters, defaults } = options
  const parts = joinFactories(repositories, adapters)
  const begin: UnitsOfWork<R & A, D>['begin'] = async (unit) => {
    const settings = over(defaults, unit)
    const { claim } = settings
    if (claim === undefined) {
      return new DrizzleTransaction<R & A, D>(driver, await driver.begin(settings), parts, settings)
    }
    let early: ReturnType<typeof claimEarly> | undefined
    const guarded = await driver.begin(settings, (transaction) => {
      early = claimEarly(transaction, claim)
    })
    const inbox = new UnitInbox(guarded, early)
    return new DrizzleTransaction<R & A, D>(driver, guarded, parts, settings, inbox)
  }
  return unitsOfWork(domain, begin, options)
}

/** Copies what is to be asked for, such as a signal, without asking for it. */
function over(defaults: UnitOptions | undefined, options: BeginOptions = {}): BeginOptions {
  if (defaults === undefined) return options
  return Object.defineProperties({ ...defaults }, Object.getOwnPropertyDescriptors(options))
}
