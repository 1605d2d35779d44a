import type { Clock } from '../clock.ts'

/** The work that is going on, by name, so that a stop can wait for it and name what it did not wait for. */
export class InFlight {
  readonly #clock: Clock
  readonly #names = new Map<symbol, string>()
  #idle: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#names.size
  }

  async track<T>(name: string, work: () => Promise<T>): Promise<T> {
    const ticket = Symbol(name)
    this.#names.set(ticket, name)
    try {
      return await work()
    } finally {
      this.#names.delete(ticket)
      if (this.#names.size === 0) for (const wake of this.#idle.splice(0)) wake()
    }
  }

  /** Waits until nothing goes on, `deadline` ms at the longest. Gives the names of what still does. */
  async drain(deadline: number): Promise<readonly string[]> {
    if (this.#names.size > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(deadline, resolve)
        this.#idle.push(() => {
          cancel()
          resolve()
        })
      })
    }
    return [...this.#names.values()]
  }
}
