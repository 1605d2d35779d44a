import { PosthornError } from '../errors.ts'
import type { AnyCommandDefinition, AnyEventDefinition } from '../messages/definitions.ts'
import type { CallableBy, Command, Event, ResultOf } from '../messages/message.ts'
import type { StoredMessage } from '../outbox/outbox.ts'
import { BusSession } from './bus-session.ts'
import { type BusSettings, type ExternalBusOptions, settingsOf } from './bus-settings.ts'
import type {
  CallOptions,
  CommandReceiver,
  EventReceiver,
  ExternalBus,
  ExternalBusHealth,
} from './external-bus.ts'
import { destination, notStarted, publishEvent, sendCommand } from './outbound.ts'
import { type AnyCommandReceiver, type AnyEventReceiver, Registrations } from './registrations.ts'
import { callFrame } from './wire-format.ts'

/**
 * The external bus on any broker.
 *
 * @throws {PosthornError} `UnknownDomain` when the system has no such domain or client; `AccessRefused` when the broker
 * would speak as another user
 */
export function createExternalBus<const D extends string>(options: ExternalBusOptions<D>): ExternalBus<D> {
  return new ConnectedExternalBus(options.domain, settingsOf(options))
}

const STOP_DEADLINE = 20_000

class ConnectedExternalBus<D extends string> implements ExternalBus<D> {
  readonly domain: D
  readonly #settings: BusSettings
  readonly #registrations: Registrations
  #session: BusSession | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<readonly string[]> | undefined

  constructor(domain: D, settings: BusSettings) {
    const { system, broker } = settings
    if (!system.domains.has(domain) && !system.clients.includes(domain)) {
      throw new PosthornError('UnknownDomain', `${domain} is no domain or client of the system`)
    }
    if (broker.user !== domain) {
      throw new PosthornError(
        'AccessRefused',
        `The broker's user is ${broker.user}; a bus speaks as its own domain, so it must be ${domain}`,
      )
    }
    this.domain = domain
    this.#settings = settings
    this.#registrations = new Registrations(domain, system)
  }

  get registeredDomains(): readonly string[] {
    return this.#registrations.domains
  }

  registerDomains(...domains: readonly string[]): void {
    this.#beforeStart().addDomains(domains)
  }

  registerEventHandlers<E extends AnyEventDefinition>(
    event: E,
    ...handlers: readonly EventReceiver<E>[]
  ): void {
    this.#beforeStart().addEventHandlers(event, handlers as readonly AnyEventReceiver[])
  }

  registerCommandHandler<C extends AnyCommandDefinition>(
    command: C,
    handler: CommandReceiver<C>,
    { allow = [] }: { readonly allow?: readonly string[] } = {},
  ): void {
    this.#beforeStart().setCommandHandler(command, handler as AnyCommandReceiver, allow)
  }

  setPermissionForCommand(command: AnyCommandDefinition, ...callers: readonly string[]): void {
    this.#beforeStart().allow(command, callers)
  }

  async start(): Promise<void> {
    await this.#stopping
    this.#starting ??= this.#open()
    return this.#starting
  }

  async stop({ deadline = STOP_DEADLINE }: { readonly deadline?: number } = {}): Promise<readonly string[]> {
    this.#stopping ??= this.#close(deadline).finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  async handle(message: Command | Event, options?: CallOptions): Promise<unknown> {
    return message.kind === 'command' ? this.#call(message, options) : this.publish(message)
  }

  async call<C extends Command>(command: C & CallableBy<C, D>, options?: CallOptions): Promise<ResultOf<C>> {
    // `PendingCalls` has validated the answer against the command's own definition.
    return this.#call(command, options) as Promise<ResultOf<C>>
  }

  async send<C extends Command>(command: C & CallableBy<C, D>): Promise<void> {
    await sendCommand(this.#settings, this.#started(), command)
  }

  async publish(event: Event): Promise<void> {
    await publishEvent(this.#settings, this.#started(), event)
  }

  async forward(message: StoredMessage): Promise<void> {
    if (message.kind === 'command') await sendCommand(this.#settings, this.#started(), message)
    else await publishEvent(this.#settings, this.#started(), message)
  }

  health(): ExternalBusHealth {
    const links = this.#session?.links ?? []
    return {
      state: this.#state(links.every(({ state }) => state === 'up')),
      links,
      pendingCalls: this.#session?.pending.size ?? 0,
      handling: this.#session?.handling ?? 0,
      droppedReplies: this.#session?.pending.dropped ?? 0,
    }
  }

  async #call(command: Command, options: CallOptions | undefined): Promise<unknown> {
    const session = this.#started()
    const { domain, instance } = this.#settings
    const { target, definition } = destination(this.#settings, session, command.type)
    const transmit = (timeLeft: number) =>
      target.link.publish(callFrame(command, domain, instance, timeLeft), timeLeft)
    return session.pending.call(definition, command, transmit, options)
  }

  async #open(): Promise<void> {
    const session = new BusSession(this.#settings, this.#registrations)
    try {
      await session.connect()
      // Handlers may use the bus as soon as the first message is in.
      this.#session = session
      await session.consume()
    } catch (error) {
      this.#session = undefined
      this.#starting = undefined
      throw error
    }
  }

  async #close(deadline: number): Promise<readonly string[]> {
    await this.#starting?.catch(() => undefined)
    const abandoned = (await this.#session?.close(deadline)) ?? []
    this.#session = undefined
    this.#starting = undefined
    return abandoned
  }

  #started(): BusSession {
    if (this.#session === undefined || this.#session.closed) throw notStarted()
    return this.#session
  }

  #beforeStart(): Registrations {
    if (this.#starting === undefined && this.#stopping === undefined) return this.#registrations
    throw new PosthornError('BusStarted', 'The external bus is started; register everything before its start')
  }

  #state(allUp: boolean): ExternalBusHealth['state'] {
    if (this.#stopping !== undefined) return 'stopping'
    if (this.#starting === undefined) return 'stopped'
    if (this.#session === undefined) return 'starting'
    return allUp ? 'up' : 'degraded'
  }
}
