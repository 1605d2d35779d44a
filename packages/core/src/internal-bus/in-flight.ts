import type { Clock } from '../clock.ts'
import { settlesWithin } from '../within.ts'

/** By which people know the work: a message, most of the time. */
export interface Named {
  readonly type: string
}

/** The work that is going on, so that a stop can wait for it and name what it did not wait for. */
export class InFlight {
  readonly #clock: Clock
  /** The same message may be at work several times. */
  readonly #running = new Set<{ readonly on: Named }>()
  readonly #waiting: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#running.size
  }

  async track<T>(on: Named, work: () => Promise<T>): Promise<T> {
    const running = { on }
    this.#running.add(running)
    try {
      return await work()
    } finally {
      this.#running.delete(running)
      if (this.#running.size === 0) for (const resolve of this.#waiting.splice(0)) resolve()
    }
  }

  /** Waits until nothing goes on, `deadline` ms at the longest. Gives the names of what still does. */
  async drain(deadline: number): Promise<readonly string[]> {
    const empty = new Promise<void>((resolve) => {
      if (this.#running.size === 0) resolve()
      else this.#waiting.push(resolve)
    })
    await settlesWithin(this.#clock, deadline, empty)
    return [...this.#running].map(({ on }) => on.type)
  }
}
