import { PosthornError } from '../errors.ts'
import { settlesWithin } from '../within.ts'
import type { ConsumeOptions, Consumer, Incoming } from './broker.ts'
import type { BusSettings } from './bus-settings.ts'
import { eventConsumer } from './consume-events.ts'
import type { ConsumerContext } from './consumer-context.ts'
import { Deliveries } from './deliveries.ts'
import { describeFailure } from './delivery-failure.ts'
import { type DomainLink, openDomainLink } from './domain-link.ts'
import type { ExternalBusHealth } from './external-bus.ts'
import { CALL_QUEUE, COMMAND_QUEUE, eventQueue } from './names.ts'
import { PendingCalls } from './pending-calls.ts'
import type { Registrations } from './registrations.ts'
import { callConsumer, sendConsumer } from './serve-commands.ts'

/** In ms, for closing links when a stop has used up its own time. */
const LEAST_CLOSE_DEADLINE = 1_000

/** What a bus has between its start and its stop: links, consumers, deliveries being handled, calls that wait. */
export class BusSession {
  readonly pending: PendingCalls
  readonly #settings: BusSettings
  readonly #registrations: Registrations
  readonly #onReachable: (domain: string) => void
  readonly #deliveries: Deliveries
  readonly #links = new Map<string, DomainLink>()
  readonly #consumers: Consumer[] = []
  #connected = false
  #ended = false

  constructor(settings: BusSettings, registrations: Registrations, onReachable: (domain: string) => void) {
    this.#settings = settings
    this.#registrations = registrations
    this.#onReachable = onReachable
    this.pending = new PendingCalls(settings.clock, settings.pendingCalls)
    this.#deliveries = new Deliveries(settings.clock, (incoming, error) =>
      settings.report(
        describeFailure(incoming.frame.routingKey, incoming, null, {
          reason: 'bus-fault',
          action: 'requeue',
          error,
        }),
      ),
    )
  }

  /** Whether messages may be sent: as soon as all links are there, and until the last handler has been drained. */
  get sends(): boolean {
    return this.#connected && !this.#ended
  }

  get handling(): number {
    return this.#deliveries.size
  }

  get links(): ExternalBusHealth['links'] {
    return [...this.#links.values()].map(({ health }) => health())
  }

  link(domain: string): DomainLink | undefined {
    return this.#links.get(domain)
  }

  /**
   * Connects to the own vhost, then to all others at once, then begins to consume. When that fails, or is given up
   * before it is done, everything is closed again.
   *
   * @throws as `ExternalBus.start`, and the reason of `givenUp`
   */
  async open(givenUp: AbortSignal): Promise<void> {
    try {
      givenUp.throwIfAborted()
      this.#checkWidened()
      await orAborted(givenUp, this.#open(givenUp))
    } catch (error) {
      await this.close(0)
      throw error
    }
  }

  /** Ends consumers, then handlers, then calls, then links. Gives what was abandoned. Never throws. */
  async close(deadline: number): Promise<readonly string[]> {
    const { clock } = this.#settings
    const end = clock.now() + deadline
    const left = () => Math.max(LEAST_CLOSE_DEADLINE, end - clock.now())
    const cancelled = Promise.allSettled(this.#consumers.map((consumer) => consumer.cancel()))
    const abandoned = await this.#deliveries.drain(deadline)
    this.#ended = true
    this.pending.stop()
    await settlesWithin(clock, left(), cancelled)
    await Promise.all([...this.#links.values()].map(({ link }) => link.close(left())))
    return abandoned
  }

  async #open(givenUp: AbortSignal): Promise<void> {
    const { domain, system } = this.#settings
    if (system.domains.has(domain)) await this.#connect(domain, givenUp)
    const opened = await Promise.allSettled(
      this.#registrations.domains.map((other) => this.#connect(other, givenUp)),
    )
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    this.#connected = true
    for (const domain of this.#links.keys()) this.#onReachable(domain)
    await this.#consume()
  }

  async #connect(domain: string, givenUp: AbortSignal): Promise<void> {
    const opened = await openDomainLink(this.#settings, this.#registrations, domain, {
      onReply: (frame) => this.pending.onReply(domain, frame),
      onRepliesLost: () => this.pending.onRepliesLost(domain),
      onUp: () => {
        if (this.sends) this.#onReachable(domain)
      },
    })
    this.#links.set(domain, opened)
    if (!givenUp.aborted) return
    await opened.link.close(LEAST_CLOSE_DEADLINE)
    throw givenUp.reason
  }

  async #consume(): Promise<void> {
    const { domain, prefetch, ordered } = this.#settings
    const context: ConsumerContext = {
      ...this.#settings,
      self: domain,
      registrations: this.#registrations,
      deliveries: this.#deliveries,
    }
    const consume = async (
      { link }: DomainLink,
      queue: string,
      options: ConsumeOptions,
      receive: (incoming: Incoming) => void,
    ) => void this.#consumers.push(await link.consume(queue, options, receive))
    for (const one of this.#links.values()) {
      if (one.domain === domain) {
        if (!this.#registrations.servesCommands) continue
        await consume(one, COMMAND_QUEUE, { prefetch }, sendConsumer(context, one.link))
        // A caller waits for each, and asks again: they may go where one cannot even be decoded.
        await consume(one, CALL_QUEUE, { prefetch, expendable: true }, callConsumer(context, one.link))
      } else if (this.#registrations.handlesEventsOf(one.domain)) {
        // With more than one out, a message that goes back to its queue would be overtaken.
        const options = { prefetch: ordered ? 1 : prefetch }
        await consume(one, eventQueue(domain), options, eventConsumer(context, one.link, one.domain))
      }
    }
  }

  /** The broker's bindings follow the contract; what goes beyond it needs a bus that binds for itself. */
  #checkWidened(): void {
    const [widened] = this.#registrations.widened
    if (widened === undefined || this.#settings.selfDeclare) return
    throw new PosthornError(
      'PermissionNotProvisioned',
      `${widened.caller} was permitted to use ${widened.type}, but the system's plan has no such binding; ` +
        'add it to the allow-list of the contract and provision again',
      { details: widened },
    )
  }
}

/** What a promise gives, unless the signal is aborted first: then its reason is thrown. */
function orAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
