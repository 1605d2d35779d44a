import type { Loss } from './loss.ts'

const FIRST = 100
const CAP = 15_000
const ABSENT_CAP = 500
const PERMANENT_FIRST = 5_000
const PERMANENT_CAP = 60_000
const CALM = 30_000

/**
 * How long to wait before the next try, in ms: full jitter, `random(0, min(15 s, 100 ms · 2ⁿ))`, so that many clients do
 * not return at once. What a person must mend waits 5 to 60 s. A broker that is not there waits half a second at most: it
 * is used as soon as it listens. Counting starts anew only after 30 s of calm: a broker that accepts connections and
 * drops them would otherwise be stormed.
 */
export class BackOff {
  readonly #random: () => number
  readonly #now: () => number
  #failures = 0
  #upSince: number | null = null

  constructor(random: () => number = Math.random, now: () => number = () => performance.now()) {
    this.#random = random
    this.#now = now
  }

  succeeded(): void {
    this.#upSince = this.#now()
  }

  next(kind: Loss['kind']): number {
    if (this.#upSince !== null && this.#now() - this.#upSince >= CALM) this.#failures = 0
    this.#upSince = null
    // What killed the decoder comes again at every connection until its queue's delivery limit is reached: be quick.
    if (kind === 'decoder') return FIRST
    if (kind === 'absent') return this.#random() * ABSENT_CAP
    const n = Math.min(this.#failures++, 16)
    if (kind === 'transient') return this.#random() * Math.min(CAP, FIRST * 2 ** n)
    return (
      PERMANENT_FIRST + this.#random() * Math.min(PERMANENT_CAP - PERMANENT_FIRST, PERMANENT_FIRST * 2 ** n)
    )
  }
}
