import { type FaultName, faults } from './faults.ts'
import type { Range } from './latency.ts'
import { type Random, seeded } from './random.ts'

/** A fault that is going to happen. */
export interface PlannedFault {
  /** After so many steps. */
  readonly step: number
  readonly name: FaultName
  /** The number of its own generator. */
  readonly stream: number
}

/** What of a seed's run is left out, so that a simpler one fails in the same way. */
export interface Omitted {
  /** Of the script's requests, by index. */
  readonly requests: ReadonlySet<number>
  /** Of the planned faults, by index. */
  readonly faults: ReadonlySet<number>
  /** Draws of latency that are not left to chance. */
  readonly calm: readonly Range[]
}

export const nothingOmitted: Omitted = { requests: new Set(), faults: new Set(), calm: [] }

/** The generators of one seed, so that what one part draws changes nothing for another. */
export const STREAM = { script: 1, faults: 2, latency: 3, code: 4, world: 5, fault: 100 } as const

/** In how many steps all faults of a run happen that come together. */
const BURST = 30

/** How many faults there may be in a run, and in which of its steps. */
export interface FaultLimits {
  readonly most: number
  readonly within: number
}

/** The faults of one seed: some seeds have none, most only some of the kinds. */
export function planFaults(
  seed: number,
  names: readonly FaultName[],
  { most, within }: FaultLimits,
): readonly PlannedFault[] {
  const random = seeded(seed, STREAM.faults)
  if (names.length === 0) return []
  const kinds = someOf(names, random)
  // What would be harmless alone is often not when it comes together.
  const burst = random.chance(0.3) ? random.int(1, within) : null
  const draw = () => {
    if (burst !== null) return burst + random.int(0, BURST)
    return random.int(1, within)
  }
  const planned = Array.from(
    { length: random.int(0, most) },
    (_, index): PlannedFault => ({ step: draw(), name: random.pick(kinds), stream: STREAM.fault + index }),
  )
  return planned.sort((one, other) => one.step - other.step)
}

/** The names of everything that can go wrong. */
export const allFaults = Object.keys(faults) as readonly FaultName[]

function someOf<T>(items: readonly T[], random: Random): readonly T[] {
  const count = random.int(1, Math.min(items.length, 5))
  return Array.from({ length: count }, () => random.pick(items))
}
