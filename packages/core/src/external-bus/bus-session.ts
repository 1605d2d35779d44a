import { PosthornError } from '../errors.ts'
import type { Consumer, Incoming } from './broker.ts'
import type { BusSettings } from './bus-settings.ts'
import { eventConsumer } from './consume-events.ts'
import type { ConsumerContext } from './consumer-context.ts'
import { describeFailure } from './delivery-failure.ts'
import { type DomainLink, openDomainLink } from './domain-link.ts'
import type { ExternalBusHealth } from './external-bus.ts'
import { InFlight } from './in-flight.ts'
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
  readonly #inFlight: InFlight
  readonly #links = new Map<string, DomainLink>()
  readonly #consumers: Consumer[] = []
  #closed = false

  constructor(settings: BusSettings, registrations: Registrations) {
    this.#settings = settings
    this.#registrations = registrations
    this.pending = new PendingCalls(settings.clock, settings.pendingCalls)
    this.#inFlight = new InFlight(settings.clock, (incoming, error) =>
      settings.report(
        describeFailure(incoming.frame.routingKey, incoming, null, {
          reason: 'bus-fault',
          action: 'requeue',
          error,
        }),
      ),
    )
  }

  /** True from the moment at which nothing may be sent any more. Handlers that are being drained still may. */
  get closed(): boolean {
    return this.#closed
  }

  get handling(): number {
    return this.#inFlight.size
  }

  get links(): ExternalBusHealth['links'] {
    return [...this.#links.values()].map(({ health }) => health())
  }

  link(domain: string): DomainLink | undefined {
    return this.#links.get(domain)
  }

  /** Connects to the own vhost, then to all others at once. When one fails, all are closed again. */
  async connect(): Promise<void> {
    const { domain, system } = this.#settings
    this.#checkWidened()
    try {
      if (system.domains.has(domain)) await this.#open(domain)
      const opened = await Promise.allSettled(this.#registrations.domains.map((other) => this.#open(other)))
      const failed = opened.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    } catch (error) {
      await this.close(0)
      throw error
    }
  }

  /** Begins to consume. When that fails, everything is closed again. */
  async consume(): Promise<void> {
    const { domain, report, ...settings } = this.#settings
    const context: ConsumerContext = {
      ...settings,
      self: domain,
      registrations: this.#registrations,
      inFlight: this.#inFlight,
      report,
    }
    try {
      for (const { domain: other, link } of this.#links.values()) {
        if (other !== domain) {
          if (this.#registrations.handlesEventsOf(other)) {
            await this.#consume(other, eventQueue(domain), eventConsumer(context, link, other))
          }
        } else if (this.#registrations.servesCommands) {
          await this.#consume(other, COMMAND_QUEUE, sendConsumer(context, link))
          await this.#consume(other, CALL_QUEUE, callConsumer(context, link))
        }
      }
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
    const abandoned = await this.#inFlight.drain(deadline)
    this.#closed = true
    this.pending.stop()
    await Promise.race([cancelled, new Promise<void>((resolve) => void clock.after(left(), resolve))])
    await Promise.all([...this.#links.values()].map(({ link }) => link.close(left())))
    return abandoned
  }

  async #open(domain: string): Promise<void> {
    const link = await openDomainLink(this.#settings, this.#registrations, domain, {
      onReply: (frame) => this.pending.onReply(domain, frame),
      onRepliesLost: () => this.pending.onRepliesLost(domain),
    })
    this.#links.set(domain, link)
  }

  async #consume(domain: string, queue: string, receive: (incoming: Incoming) => void): Promise<void> {
    const { prefetch } = this.#settings
    const consumer = await this.#links.get(domain)?.link.consume(queue, { prefetch }, receive)
    if (consumer !== undefined) this.#consumers.push(consumer)
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
