import { PosthornError } from '../errors.ts'
import { harmless } from '../listener.ts'
import type { AnyCommandDefinition, AnyEventDefinition } from '../messages/definitions.ts'
import type { CallableBy, Command, Event, ResultOf } from '../messages/message.ts'
import type { StoredMessage } from '../outbox/outbox.ts'
import { during } from '../telemetry/during.ts'
import { BusSession } from './bus-session.ts'
import { type BusSettings, type ExternalBusOptions, settingsOf } from './bus-settings.ts'
import type {
  CallOptions,
  CommandReceiver,
  EventReceiver,
  ExternalBus,
  ExternalBusHealth,
} from './external-bus.ts'
import { publishObserved } from './observed-frames.ts'
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
  readonly #reachableListeners = new Set<(domain: string) => void>()
  #session: BusSession | undefined
  #unwatch: (() => void) | undefined
  #phase: 'stopped' | 'starting' | 'started' | 'stopping' = 'stopped'
  /** Of the starts asked for since the last stop. */
  #startable = new AbortController()
  #transition: Promise<unknown> = Promise.resolve()

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

  start(): Promise<void> {
    if (this.#phase === 'stopped') this.#phase = 'starting'
    const { signal } = this.#startable
    return this.#next(() => this.#open(signal))
  }

  stop({ deadline = STOP_DEADLINE }: { readonly deadline?: number } = {}): Promise<readonly string[]> {
    const { clock } = this.#settings
    const end = clock.now() + deadline
    if (this.#phase !== 'stopped') this.#phase = 'stopping'
    const earlierStarts = this.#startable
    this.#startable = new AbortController()
    const cancel = clock.after(deadline, () => earlierStarts.abort(stoppedTooEarly()))
    return this.#next(() => {
      cancel()
      return this.#close(Math.max(0, end - clock.now()))
    })
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

  onReachable(listener: (domain: string) => void): () => void {
    const own = harmless((domain: string) => listener(domain))
    this.#reachableListeners.add(own)
    return () => this.#reachableListeners.delete(own)
  }

  health(): ExternalBusHealth {
    const links = this.#session?.links ?? []
    const allUp = links.every(({ state }) => state === 'up')
    return {
      state: this.#phase === 'started' ? (allUp ? 'up' : 'degraded') : this.#phase,
      links,
      pendingCalls: this.#session?.pending.size ?? 0,
      handling: this.#session?.handling ?? 0,
      droppedReplies: this.#session?.pending.dropped ?? 0,
    }
  }

  async #call(command: Command, options: CallOptions | undefined): Promise<unknown> {
    const { telemetry } = this.#settings
    if (telemetry === undefined) return this.#ask(command, options)
    return during(telemetry, { kind: 'call', message: command }, () => this.#ask(command, options))
  }

  async #ask(command: Command, options: CallOptions | undefined): Promise<unknown> {
    const session = this.#started()
    const { domain, instance, broker, telemetry } = this.#settings
    const { target, definition } = destination(this.#settings, session, command.type)
    const transmit = (timeLeft: number) => {
      const frame = callFrame(command, domain, instance, timeLeft)
      if (telemetry === undefined) return target.link.publish(frame, timeLeft)
      return publishObserved(telemetry, broker, command, frame, (observed) =>
        target.link.publish(observed, timeLeft),
      )
    }
    return session.pending.call(definition, command, transmit, options)
  }

  async #open(givenUp: AbortSignal): Promise<void> {
    if (this.#session !== undefined) return
    this.#phase = 'starting'
    this.#session = new BusSession(this.#settings, this.#registrations, (domain) => {
      for (const listener of this.#reachableListeners) listener(domain)
    })
    try {
      await this.#session.open(givenUp)
      this.#phase = 'started'
      this.#unwatch = this.#settings.telemetry?.watch({ kind: 'external-bus', read: () => this.health() })
    } catch (error) {
      this.#session = undefined
      this.#phase = 'stopped'
      throw error
    }
  }

  async #close(deadline: number): Promise<readonly string[]> {
    if (this.#session === undefined) return []
    this.#phase = 'stopping'
    this.#unwatch?.()
    const abandoned = await this.#session.close(deadline)
    this.#session = undefined
    this.#phase = 'stopped'
    return abandoned
  }

  /** Starts and stops happen one after another, in the order in which they were asked for. */
  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#transition.then(step)
    this.#transition = done.catch(() => undefined)
    return done
  }

  #started(): BusSession {
    if (this.#session?.sends !== true) throw notStarted()
    return this.#session
  }

  #beforeStart(): Registrations {
    if (this.#phase === 'stopped') return this.#registrations
    throw new PosthornError('BusStarted', 'The external bus is started; register everything before its start')
  }
}

function stoppedTooEarly(): PosthornError<'BusStopped'> {
  return new PosthornError(
    'BusStopped',
    'The external bus was stopped before it had started; start it again',
    {
      outcome: 'not-executed',
      retryable: true,
    },
  )
}
