import type { Random } from './random.ts'

/** How long things take. The order of all steps is decided here. */
export interface Latency {
  /** In µs. */
  draw(): number
  /** Whether an answer has a way of its own to go, and is not there as soon as the question. */
  detour(): boolean
}

/** Which draws are left to chance: from the first number up to the second, without it. */
export type Range = readonly [from: number, to: number]

/** In µs, for draws that are not left to chance: everything then happens in the order in which it was begun. */
const CALM = 1_000

/** So many answers can be outdated when they arrive. All could be; but each is a step more, and steps take time. */
const DETOURS = 0.25

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
    return this.#isCalm() ? CALM : takes
  }

  detour(): boolean {
    const takesOne = this.#random.chance(DETOURS)
    return !this.#isCalm() && takesOne
  }

  /** To be asked once for each draw. */
  #isCalm(): boolean {
    const index = this.#draws
    this.#draws += 1
    return this.#calm.some(([from, to]) => index >= from && index < to)
  }
}

const between = (min: number, max: number) => (random: Random) => random.int(min, max)

const PROFILES: readonly ((random: Random) => number)[] = [
  between(100, 1_000),
  between(100, 20_000),
  (random) => (random.chance(0.9) ? random.int(100, 2_000) : random.int(2_000, 300_000)),
  (random) => 100 * 2 ** random.int(0, 10),
]
