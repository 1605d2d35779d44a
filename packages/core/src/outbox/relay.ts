import { type Clock, systemClock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import { harmless } from '../listener.ts'
import { during } from '../telemetry/during.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { settlesWithin } from '../within.ts'
import { Forwarding } from './forwarding.ts'
import type { OutboxEntry, OutboxQueue, StoredMessage } from './outbox.ts'
import { mayYetSucceed } from './outbox-policy.ts'
import { RelayLoop, type Round } from './relay-loop.ts'

export interface RelayOptions {
  readonly queue: OutboxQueue
  /** Passes a message on to the broker: `(message) => externalBus.forward(message)`. */
  readonly forward: (message: StoredMessage) => Promise<void>
  /** Handles a local entry: `(entry) => bus.dispatch(entry)`. */
  readonly dispatch: (entry: OutboxEntry) => Promise<void>
  /** The most broker entries between two commits: so many may be repeated after a crash. Default 1,000. */
  readonly batch?: number
  /** How often to look for what nobody announced, in ms. Default 1,000. */
  readonly poll?: number
  /** Longer than any handler runs, in ms. Default 60,000. */
  readonly lease?: number
  /** Told of every failure; `entry` is missing when it was the store that failed. */
  readonly onError?: (error: unknown, entry?: OutboxEntry) => void
  readonly clock?: Clock
  readonly telemetry?: Telemetry | undefined
}

/** Longest time for one part of a batch, in ms: a store gives the queue to another relay when one is silent for longer. */
const PART_DEADLINE = 3_500

/** Local entries handled side by side; each needs a connection. */
const LOCAL_AT_ONCE = 8

/**
 * The relay moves the outbox on: broker entries to the broker, in the order of their key, and local entries that a
 * process left behind to their handlers. Any number of relays may run on one outbox.
 *
 * - Every entry is passed on at least once. One that fails rests and blocks its key, no other.
 * - A domain that cannot be reached holds up its own entries only, and that counts as nobody's failure.
 * - Commits of this process wake it; polling finds what others left.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #clock: Clock
  readonly #poll: number
  readonly #broker: RelayLoop
  readonly #local: RelayLoop
  /** Domains to which nothing could be passed on, and until when they are left alone. */
  readonly #unreachable = new Map<string, number>()
  /** Domains that were said to be reachable since the last batch began. */
  readonly #returned = new Set<string>()
  readonly #dispatching = new Set<Promise<void>>()
  readonly #report: (error: unknown, entry?: OutboxEntry) => void
  /** By position. What outlived its batch is joined by the next one, not sent beside itself. */
  readonly #underway = new Map<string, Promise<void>>()
  #unsubscribe: () => void = () => undefined
  #unwatch: (() => void) | undefined

  constructor(options: RelayOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    const report = harmless(options.onError ?? warn)
    this.#report = (error, entry) => {
      report(error, entry)
      if (entry === undefined) return
      options.telemetry?.note({
        kind: 'entry-failed',
        to: entry.handler === null ? 'broker' : 'local',
        error,
      })
    }
    this.#poll = options.poll ?? 1_000
    const common = { clock: this.#clock, poll: this.#poll, onError: (error: unknown) => this.#report(error) }
    this.#broker = new RelayLoop({ ...common, round: () => this.#forwardDue() })
    this.#local = new RelayLoop({ ...common, round: () => this.#dispatchDue() })
  }

  /** Idempotent; a stopped relay can be started again. */
  start(): void {
    this.#unsubscribe()
    const { queue, telemetry } = this.#options
    this.#unsubscribe = queue.onAdded(() => this.wake())
    this.#unwatch ??= telemetry?.watch({ kind: 'outbox', read: () => queue.depth() })
    this.#broker.start()
    this.#local.start()
  }

  /** Looks at once for broker entries instead of at the next poll. */
  wake(): void {
    this.#broker.wake()
  }

  /** Takes a domain's entries at once: `externalBus.onReachable((domain) => relay.reach(domain))`. */
  reach(domain: string): void {
    this.#returned.add(domain)
    this.#unreachable.delete(domain)
    this.wake()
  }

  /**
   * Takes nothing more and waits for what is under way, `deadline` ms at the longest (default 10,000). What has not
   * ended by then is passed on again later. Idempotent.
   */
  async stop({ deadline = 10_000 }: { readonly deadline?: number } = {}): Promise<void> {
    this.#unsubscribe()
    this.#unwatch?.()
    this.#unwatch = undefined
    const dispatched = this.#local.stop(deadline).then(() => Promise.all(this.#dispatching))
    await Promise.all([this.#broker.stop(deadline), settlesWithin(this.#clock, deadline, dispatched)])
  }

  async #forwardDue(): Promise<Round> {
    const { queue, batch = 1_000, telemetry } = this.#options
    const forwarding = new Forwarding({
      forward: (entry) => this.#forward(entry),
      onError: (error, entry) => this.#report(error, entry),
      clock: this.#clock,
      deadline: PART_DEADLINE,
    })
    let left = false
    const send = async (entries: readonly OutboxEntry[]) => {
      if (!this.#broker.running) return []
      const settlements = await (telemetry === undefined
        ? forwarding.forward(entries)
        : during(telemetry, { kind: 'relay', messages: entries.map(({ message }) => message) }, () =>
            forwarding.forward(entries),
          ))
      this.#leaveAlone(forwarding.unreachable)
      left ||= settlements.filter(({ ok }) => ok).length < entries.length
      return settlements
    }
    this.#returned.clear()
    const { busy, taken } = await queue.deliver(batch, send, this.#leftAlone())
    if (busy) return 'busy'
    return left || taken === batch ? 'more' : 'idle'
  }

  #leaveAlone(domains: Iterable<string>): void {
    const until = this.#clock.now() + this.#poll
    for (const domain of domains) if (!this.#returned.has(domain)) this.#unreachable.set(domain, until)
  }

  #leftAlone(): readonly string[] {
    const now = this.#clock.now()
    for (const [domain, until] of this.#unreachable) if (until <= now) this.#unreachable.delete(domain)
    return [...this.#unreachable.keys()]
  }

  #forward({ position, message }: OutboxEntry): Promise<void> {
    const underway = this.#underway.get(position)
    if (underway !== undefined) return underway
    const forwarding = this.#options.forward(message).finally(() => this.#underway.delete(position))
    this.#underway.set(position, forwarding)
    return forwarding
  }

  /** Keeps so many local entries being handled; a slow one holds up no other. */
  async #dispatchDue(): Promise<Round> {
    const { queue, lease = 60_000 } = this.#options
    const free = LOCAL_AT_ONCE - this.#dispatching.size
    if (free === 0) {
      await Promise.race(this.#dispatching)
      return 'more'
    }
    const entries = await queue.takeLocal(free, lease)
    for (const entry of entries) {
      const dispatching = this.#dispatch(entry).finally(() => this.#dispatching.delete(dispatching))
      this.#dispatching.add(dispatching)
    }
    return entries.length === free ? 'more' : 'idle'
  }

  async #dispatch(entry: OutboxEntry): Promise<void> {
    const { queue, dispatch } = this.#options
    try {
      await dispatch(entry)
    } catch (error) {
      this.#report(error, entry)
      if (isStopped(error)) return
      await queue
        .fail(entry.position, error, mayYetSucceed(error))
        .catch((cause) => this.#report(cause, entry))
    }
  }
}

function warn(error: unknown, entry?: OutboxEntry): void {
  const what = entry === undefined ? 'The outbox' : `${entry.message.type} ${entry.message.id}`
  process.emitWarning(
    `${what} could not be passed on and will be tried again: ${String(error)}`,
    'PosthornWarning',
  )
}

/** The bus did not take the entry: its lease runs out, and nothing has failed. */
function isStopped(error: unknown): boolean {
  return error instanceof PosthornError && error.code === 'BusNotStarted'
}
