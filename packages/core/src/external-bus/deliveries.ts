import { type Abort, Aborter } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import { settlesWithin } from '../within.ts'
import type { Incoming } from './broker.ts'
import { printable } from './delivery-failure.ts'

/** The deliveries being handled: what a stop waits for, tells to end, and at last hands back. */
export class Deliveries {
  readonly #clock: Clock
  readonly #onFault: (incoming: Incoming, error: unknown) => void
  readonly #running = new Map<Incoming, Promise<void>>()
  readonly #abandoned: string[] = []
  readonly #stopping = new Aborter()
  readonly #ending = new Aborter()

  /** @param onFault hears of work that threw though nobody stopped it, which is a fault of the bus */
  constructor(clock: Clock, onFault: (incoming: Incoming, error: unknown) => void) {
    this.#clock = clock
    this.#onFault = onFault
  }

  get size(): number {
    return this.#running.size
  }

  /** Aborted as soon as nothing new shall be begun, nor be tried again. */
  get stopping(): Abort {
    return this.#stopping
  }

  /** Aborted when what still runs shall end. What fails then has not failed by itself. */
  get ending(): Abort {
    return this.#ending
  }

  /**
   * Never throws.
   *
   * @param work settles the delivery. When it throws instead, the message goes back to its queue: as abandoned once the
   * bus is stopping, else as a delivery that failed.
   */
  run(incoming: Incoming, work: () => Promise<void>): Promise<void> {
    if (this.stopping.aborted) {
      incoming.release()
      return Promise.resolve()
    }
    const ended = this.#handle(incoming, work)
    this.#running.set(incoming, ended)
    return ended
  }

  /**
   * Waits until nothing runs. After three quarters of the time what still runs is told to end; after all of it, it is
   * handed back to its queue. Gives the names of what was abandoned.
   */
  async drain(deadline: number): Promise<readonly string[]> {
    const reason = new PosthornError('BusStopped', 'The bus is stopping')
    this.#stopping.abort(reason)
    const end = () => this.#ending.abort(reason)
    const cancel = this.#clock.after(deadline * 0.75, end)
    await settlesWithin(this.#clock, deadline, Promise.all(this.#running.values()))
    cancel()
    end()
    for (const incoming of this.#running.keys()) this.#abandon(incoming)
    return [...this.#abandoned]
  }

  async #handle(incoming: Incoming, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (this.stopping.aborted) {
        this.#abandon(incoming)
        return
      }
      incoming.reject(true)
      this.#onFault(incoming, error)
    } finally {
      this.#running.delete(incoming)
    }
  }

  #abandon(incoming: Incoming): void {
    const { type, messageId } = incoming.frame.properties
    incoming.release()
    this.#abandoned.push(printable(`${type} ${messageId}`))
  }
}
