import type { Clock } from '../clock.ts'
import { settlesWithin } from '../within.ts'

/** The work that is going on, by name, so that a stop can wait for it and name what it did not wait for. */
export class InFlight {
  readonly #clock: Clock
  readonly #running = new Map<Promise<unknown>, string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#running.size
  }

  track<T>(name: string, work: () => Promise<T>): Promise<T> {
    const running = work()
    const ended: Promise<unknown> = running.then(
      () => this.#running.delete(ended),
      () => this.#running.delete(ended),
    )
    this.#running.set(ended, name)
    return running
  }

  /** Waits until nothing goes on, `deadline` ms at the longest. Gives the names of what still does. */
  async drain(deadline: number): Promise<readonly string[]> {
    const empty = async () => {
      while (this.#running.size > 0) await Promise.all(this.#running.keys())
    }
    await settlesWithin(this.#clock, deadline, empty())
    return [...this.#running.values()]
  }
}
