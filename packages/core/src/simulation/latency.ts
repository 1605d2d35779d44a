import type { Random } from './random.ts'

/** How long things take. The order of all steps is decided here. */
export interface Latency {
  /** In µs. */
  draw(): number
}

/** Which draws are left to chance: from the first number up to the second, without it. */
export type Range = readonly [from: number, to: number]

/** In µs, for draws that are not left to chance: everything then happens in the order in which it was begun. */
const CALM = 1_000

/**
 * Times by chance: some seeds have a fast and even network, others a slow or a moody one.
 *
 * @param calm draws that all take the same time, for whoever looks for a simpler trace
 */
export function randomLatency(
  random: Random,
  calm: readonly Range[] = [],
): Latency & { readonly draws: number } {
  const profile = random.pick(PROFILES)
  let draws = 0
  return {
    get draws() {
      return draws
    },
    draw() {
      const takes = profile(random)
      const index = draws
      draws += 1
      return calm.some(([from, to]) => index >= from && index < to) ? CALM : takes
    },
  }
}

const between = (min: number, max: number) => (random: Random) => random.int(min, max)

const PROFILES: readonly ((random: Random) => number)[] = [
  between(100, 1_000),
  between(100, 20_000),
  (random) => (random.chance(0.9) ? random.int(100, 2_000) : random.int(2_000, 300_000)),
  (random) => 100 * 2 ** random.int(0, 10),
]
