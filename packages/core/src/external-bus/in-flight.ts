import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import type { Incoming } from './broker.ts'
import { printable } from './delivery-failure.ts'

interface Running {
  readonly name: string
  readonly incoming: Incoming
  readonly controller: AbortController
}

/** The deliveries being handled: what `stop` waits for, warns, and at last abandons. */
export class InFlight {
  readonly #clock: Clock
  readonly #onFault: (incoming: Incoming, error: unknown) => void
  readonly #running = new Set<Running>()
  readonly #stopping = new AbortController()
  #idle: (() => void) | undefined

  /** @param onFault hears of work that threw, which is a fault of the bus; the message goes back to its queue */
  constructor(clock: Clock, onFault: (incoming: Incoming, error: unknown) => void) {
    this.#clock = clock
    this.#onFault = onFault
  }

  get size(): number {
    return this.#running.size
  }

  /** Aborted as soon as nothing new shall be begun. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** Never throws. @param work settles the delivery; its signal is aborted when time is over */
  async run(incoming: Incoming, work: (controller: AbortController) => Promise<void>): Promise<void> {
    if (this.stopping.aborted) {
      incoming.release()
      return
    }
    const { type, messageId } = incoming.frame.properties
    const running = { name: printable(`${type} ${messageId}`), incoming, controller: new AbortController() }
    this.#running.add(running)
    try {
      await work(running.controller)
    } catch (error) {
      incoming.reject(true)
      this.#onFault(incoming, error)
    } finally {
      this.#running.delete(running)
      if (this.#running.size === 0) this.#idle?.()
    }
  }

  /**
   * Waits until nothing runs. After three quarters of the time what still runs is told to end; after all of it, it is
   * handed back to its queue. Gives the names of what was abandoned.
   */
  async drain(deadline: number): Promise<readonly string[]> {
    this.#stopping.abort()
    if (this.#running.size === 0) return []
    const warn = this.#clock.after(deadline * 0.75, () => this.#abortAll())
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(deadline, resolve)
      this.#idle = () => {
        cancel()
        resolve()
      }
    })
    warn()
    this.#abortAll()
    return [...this.#running].map(({ name, incoming }) => {
      incoming.release()
      return name
    })
  }

  #abortAll(): void {
    for (const { controller } of this.#running)
      controller.abort(new PosthornError('BusStopped', 'The bus is stopping'))
  }
}

/** Work within a time limit: when it is over the signal is aborted and the result no longer matters. */
export function withinLimit<T>(
  clock: Clock,
  limit: number,
  controller: AbortController,
  work: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limit, () => {
      const error = new PosthornError('HandlerTimeout', `Handling took longer than ${limit} ms`, {
        outcome: 'unknown',
        retryable: true,
      })
      controller.abort(error)
      reject(error)
    })
    work().then(resolve, reject).finally(cancel)
  })
}
