import type { OutboxQueue } from '@posthorn/core'
import type { OutboxDepth } from '@posthorn/core/storage'

const INTERVAL = 1_000

/** Looks every second at how much is waiting in the outbox, so that requests need not. */
export class OutboxGauge {
  readonly #outbox: Pick<OutboxQueue, 'depth'>
  readonly #cap: number
  #overloaded = false
  #timer: NodeJS.Timeout | undefined

  constructor(outbox: Pick<OutboxQueue, 'depth'>, cap: number) {
    this.#outbox = outbox
    this.#cap = cap
  }

  get overloaded(): boolean {
    return this.#overloaded
  }

  async read(): Promise<OutboxDepth> {
    const depth = await this.#outbox.depth()
    this.#overloaded = depth.broker + depth.local > this.#cap
    return depth
  }

  start(): void {
    // Without a database the last answer stands; readiness tells of it.
    this.#timer ??= setInterval(() => void this.read().catch(() => undefined), INTERVAL)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
