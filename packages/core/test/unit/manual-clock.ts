import type { Clock } from '../../src/clock.ts'

/** A clock that goes on only when told to. */
export class ManualClock implements Clock {
  #now = 0
  readonly #timers = new Map<symbol, { readonly at: number; readonly fn: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, fn: () => void): () => void {
    const id = Symbol('timer')
    this.#timers.set(id, { at: this.#now + ms, fn })
    return () => this.#timers.delete(id)
  }

  /** Runs what falls due within `ms`, in order, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await settle()
      const [next] = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)
      if (next === undefined) break
      const [id, { at, fn }] = next
      this.#timers.delete(id)
      this.#now = Math.max(this.#now, at)
      fn()
    }
    this.#now = end
    await settle()
  }
}

/** Until everything that waits for nothing but other promises has gone on. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
}
