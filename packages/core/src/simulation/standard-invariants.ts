import type { Invariant } from './invariant.ts'
import { answersArrive, callsSettle, requestsAreServed } from './invariants-of-calls.ts'
import { effectsOnce, nothingFromRolledBackUnits } from './invariants-of-effects.ts'
import { nothingLost } from './invariants-of-loss.ts'
import { orderPerKey } from './invariants-of-order.ts'

/** When nothing goes wrong any more, all comes to rest. */
const eventuallyQuiet: Invariant = {
  name: 'all comes to rest',
  make: () => ({
    atRest: ({ leftovers }) => (leftovers.length > 0 ? `left: ${leftovers.join('; ')}` : undefined),
  }),
}

/** What Posthorn promises of every system. */
export const standardInvariants: readonly Invariant[] = [
  nothingFromRolledBackUnits,
  effectsOnce,
  orderPerKey,
  nothingLost,
  callsSettle,
  answersArrive,
  requestsAreServed,
  eventuallyQuiet,
]
