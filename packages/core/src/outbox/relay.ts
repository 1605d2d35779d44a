import { type Clock, systemClock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import { forwardBatch } from './forward-batch.ts'
import type { OutboxEntry, OutboxQueue, StoredMessage } from './outbox.ts'
import { RelayLoop, type Round } from './relay-loop.ts'

export interface RelayOptions {
  readonly queue: OutboxQueue
  /** Passes a message on to the broker: `(message) => externalBus.forward(message)`. */
  readonly forward: (message: StoredMessage) => Promise<void>
  /** Handles a local entry: `(entry) => bus.dispatch(entry)`. */
  readonly dispatch: (entry: OutboxEntry) => Promise<void>
  /** The most broker entries taken at once. Default 200. */
  readonly batch?: number
  /** How often to look for what nobody announced, in ms. Default 1,000. */
  readonly poll?: number
  /** Longer than any handler runs, in ms. Default 60,000. */
  readonly lease?: number
  /** Told of every failure; `entry` is missing when it was the store that failed. */
  readonly onError?: (error: unknown, entry?: OutboxEntry) => void
  readonly clock?: Clock
}

/** Longest time for one batch, in ms: a store gives the queue to another relay when one is silent for longer. */
const BATCH_DEADLINE = 3_500

/** Local entries handled side by side; each needs a connection. */
const LOCAL_BATCH = 8

/**
 * The relay moves the outbox on: broker entries to the broker, in the order of their key, and local entries that a
 * process left behind to their handlers. Any number of relays may run on one outbox.
 *
 * - Every entry is passed on at least once. One that fails rests and blocks its key, no other; entries that could not
 *   be tried because the broker cannot be reached do not count as failures.
 * - Commits of this process wake it; polling finds what others left.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #clock: Clock
  readonly #broker: RelayLoop
  readonly #local: RelayLoop
  /** By position. What outlived its batch is joined by the next one, not sent beside itself. */
  readonly #underway = new Map<string, Promise<void>>()
  #unsubscribe: () => void = () => undefined

  constructor(options: RelayOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const { poll = 1_000 } = options
    const common = { clock: this.#clock, poll, onError: (error: unknown) => this.#report(error) }
    this.#broker = new RelayLoop({ ...common, round: () => this.#forwardDue() })
    this.#local = new RelayLoop({ ...common, round: () => this.#dispatchDue() })
  }

  /** Idempotent; a stopped relay can be started again. */
  start(): void {
    this.#unsubscribe()
    this.#unsubscribe = this.#options.queue.onAdded(() => this.wake())
    this.#broker.start()
    this.#local.start()
  }

  /** Looks at once for broker entries instead of at the next poll. */
  wake(): void {
    this.#broker.wake()
  }

  /**
   * Takes nothing more and waits for what is under way, `deadline` ms at the longest (default 10,000). What has not
   * ended by then is passed on again later. Idempotent.
   */
  async stop({ deadline = 10_000 }: { readonly deadline?: number } = {}): Promise<void> {
    this.#unsubscribe()
    await Promise.all([this.#broker.stop(deadline), this.#local.stop(deadline)])
  }

  async #forwardDue(): Promise<Round> {
    const { queue, batch = 200 } = this.#options
    let next: Round = 'idle'
    const { busy } = await queue.deliver(batch, async (entries) => {
      const result = await forwardBatch(entries, {
        forward: (entry) => this.#forward(entry),
        onError: (error, entry) => this.#report(error, entry),
        clock: this.#clock,
        deadline: BATCH_DEADLINE,
      })
      const { settlements, stuck } = result
      if (stuck) next = 'pause'
      else if (entries.length === batch || settlements.some(({ ok }) => !ok)) next = 'more'
      return settlements
    })
    return busy ? 'busy' : next
  }

  #forward({ position, message }: OutboxEntry): Promise<void> {
    const underway = this.#underway.get(position)
    if (underway !== undefined) return underway
    const forwarding = this.#options.forward(message).finally(() => this.#underway.delete(position))
    this.#underway.set(position, forwarding)
    return forwarding
  }

  async #dispatchDue(): Promise<Round> {
    const { queue, lease = 60_000 } = this.#options
    const entries = await queue.takeLocal(LOCAL_BATCH, lease)
    await Promise.all(entries.map((entry) => this.#dispatch(entry)))
    return entries.length === LOCAL_BATCH ? 'more' : 'idle'
  }

  async #dispatch(entry: OutboxEntry): Promise<void> {
    const { queue, dispatch } = this.#options
    try {
      await dispatch(entry)
    } catch (error) {
      this.#report(error, entry)
      if (isStopped(error)) return
      await queue.fail(entry.position, error).catch((cause) => this.#report(cause, entry))
    }
  }

  #report(error: unknown, entry?: OutboxEntry): void {
    const what = entry === undefined ? 'The outbox' : `${entry.message.type} ${entry.message.id}`
    const warn = () =>
      process.emitWarning(`${what} was not passed on, and will be again: ${String(error)}`, 'PosthornWarning')
    if (this.#options.onError === undefined) warn()
    else this.#options.onError(error, entry)
  }
}

/** The bus did not take the entry: its lease runs out, and nothing has failed. */
function isStopped(error: unknown): boolean {
  return error instanceof PosthornError && error.code === 'BusNotStarted'
}
