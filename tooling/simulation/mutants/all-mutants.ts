import type { Mutant } from './mutant.ts'
import { mutantsOfCalls } from './of-calls.ts'
import { mutantsOfDeliveries } from './of-deliveries.ts'
import { mutantsOfOrder } from './of-order.ts'
import { mutantsOfTheOutbox } from './of-the-outbox.ts'
import { mutantsOfUnits } from './of-units.ts'

/** Guards taken away, one at a time: the simulation must miss each of them. */
export const allMutants: readonly Mutant[] = [
  ...mutantsOfUnits,
  ...mutantsOfTheOutbox,
  ...mutantsOfDeliveries,
  ...mutantsOfCalls,
  ...mutantsOfOrder,
]
