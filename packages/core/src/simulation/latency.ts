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

/** Times by chance: some seeds have a fast and even network, others a slow or a moody one. */
export class RandomLatency implements Latency {
  readonly #random: Random
  readonly #calm: readonly Range[]
  readonly #profile: (random: Random) => number
  #draws = 0

  /** @param calm draws that all take the same time, for whoever looks for a simpler trace */
  constructor(random: Random, calm: readonly Range[] = []) {
    this.#random = random
    this.#calm = calm
    this.#profile = random.pick(PROFILES)
  }

  /** How many there have been. */
  get draws(): number {
    return this.#draws
  }

  draw(): number {
    const takes = this.#profile(this.#random)
    const index = this.#draws
    this.#draws += 1
    return this.#calm.some(([from, to]) => index >= from && index < to) ? CALM : takes
  }
}

const between = (min: number, max: number) => (random: Random) => random.int(min, max)

const PROFILES: readonly ((random: Random) => number)[] = [
  between(100, 1_000),
  between(100, 20_000),
  (random) => (random.chance(0.9) ? random.int(100, 2_000) : random.int(2_000, 300_000)),
  (random) => 100 * 2 ** random.int(0, 10),
]
