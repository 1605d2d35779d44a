import type { AnyCommandDefinition, AnyEventDefinition, MessageOf } from '../messages/definitions.ts'
import type { CallableBy, Command, Event, ResultOf } from '../messages/message.ts'
import type { StoredMessage } from '../outbox/outbox.ts'

/**
 * The external bus carries messages between domains, each on a vhost of its own, and knows for certain who sent what.
 * (The internal bus dispatches inside one process; it is `internal-bus/message-bus.ts`.)
 *
 * - `publish` and `send` resolve when the broker has taken responsibility; a rejection with outcome `unknown` may have
 *   arrived: repeat it with the same message, the receiver's inbox takes care of the rest.
 * - Every handler may see a message again. What is promised about order and redelivery the transport declares.
 * - Safe to use concurrently. A caller needs no answer to anything after `stop`: what was pending has been rejected.
 */
export interface ExternalBus<D extends string = string> {
  /** The domain or client that this bus speaks as. */
  readonly domain: D
  /** The foreign domains to which it will connect, or has. */
  readonly registeredDomains: readonly string[]

  /** @throws {PosthornError} `BusStarted` after `start`; `UnknownDomain` when the system has no such domain */
  registerDomains(...domains: readonly string[]): void
  /**
   * Adds handlers for a foreign event, none twice, and registers its domain. With several handlers a delivery counts
   * as handled when all have succeeded; until then it is delivered to all again.
   * @throws {PosthornError} `BusStarted`; `OwnMessage`; `NotSubscribed` when the system has no such subscription
   */
  registerEventHandlers<E extends AnyEventDefinition>(
    event: E,
    ...handlers: readonly EventReceiver<E>[]
  ): void
  /**
   * Sets the handler for a command of this domain; a second call replaces it. `allow` adds to the contract's list.
   * @throws {PosthornError} `BusStarted`; `ForeignMessage`
   */
  registerCommandHandler<C extends AnyCommandDefinition>(
    command: C,
    handler: CommandReceiver<C>,
    options?: { readonly allow?: readonly string[] },
  ): void
  /** Adds callers to a command of this domain; by default nobody may call. @throws as `registerCommandHandler` */
  setPermissionForCommand(command: AnyCommandDefinition, ...callers: readonly string[]): void

  /**
   * Connects to the own vhost (a client has none) and to every registered domain's, checks or declares the topology,
   * then consumes. Idempotent. A start that fails leaves nothing behind.
   * @throws {PosthornError} `BrokerUnreachable`, `AccessRefused`, `PermissionNotProvisioned`, `TopologyMismatch`; `BusStopped`
   * when it was stopped meanwhile and had not ended by the stop's deadline
   */
  start(): Promise<void>
  /**
   * Stops consuming, lets running handlers finish until the deadline (default 20,000 ms), confirms what was published,
   * rejects pending calls as `unknown`, closes. Idempotent. Gives what was abandoned.
   */
  stop(options?: { readonly deadline?: number }): Promise<readonly string[]>

  /** `call` for a command, `publish` for an event. */
  handle(message: Command | Event, options?: CallOptions): Promise<unknown>
  /**
   * Asks another domain and waits for its answer.
   * @throws {DeclaredError} the callee's declared error, as the contract's class
   * @throws {RemoteError} it failed otherwise
   * @throws {PosthornError} `Unroutable`, `Forbidden`, `CallTimeout`, `CallAborted`, `ConnectionLost`, `BrokerUnreachable`,
   * `PublishFailed`, `PublishRefused`, `InvalidReply`, `MessageTooLarge`, `BusNotStarted`, `BusStopped`, `OwnMessage`,
   * `UnknownMessage`, `UnregisteredDomain`, `DuplicateCall`, `TooManyCalls`; each has an `outcome`
   */
  call<C extends Command>(command: C & CallableBy<C, D>, options?: CallOptions): Promise<ResultOf<C>>
  /** Hands a command over; nobody answers. @throws as `call`, but for what concerns the answer; `PublishTimeout` */
  send<C extends Command>(command: C & CallableBy<C, D>): Promise<void>
  /**
   * @throws {PosthornError} `PrivateEvent`, `ForeignMessage`, `UnknownMessage`, `MessageTooLarge`, `BusNotStarted`,
   * `PublishFailed`, `BrokerUnreachable`, `PublishRefused`, `PublishTimeout`, `ConnectionLost`
   */
  publish(event: Event): Promise<void>
  /** What a relay does: passes a stored event or command on as it is. @throws as `publish` and `send` */
  forward(message: StoredMessage): Promise<void>

  /**
   * Called with a domain whenever messages can be passed on to it again: after the start, and after its link was down.
   * What it throws becomes a warning of the process. Gives the function that ends it.
   */
  onReachable(listener: (domain: string) => void): () => void
  health(): ExternalBusHealth
}

/** How long a call waits, and what ends it early. */
export interface CallOptions {
  /** In ms, default 30,000. The command expires with it: the callee will not start on it later. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/** What a receiver is told about a message besides the message. */
export interface Delivery {
  /** The domain or client that sent it, as the broker vouched for. */
  readonly caller: string
  readonly redelivered: boolean
  /** 1 on the first try. */
  readonly attempt: number
  /** Aborted when the time for handling is over or the bus stops. */
  readonly signal: AbortSignal
  /** SHA-256 of the body, hexadecimal. */
  readonly fingerprint: string
}

/** Handles a command that came from outside. What it returns or throws is the answer. */
export type CommandReceiver<C extends AnyCommandDefinition> = (
  command: MessageOf<C>,
  delivery: Delivery,
) => Promise<ResultOf<MessageOf<C>>>

/** Handles an event that came from outside. A rejection has the event delivered again. */
export type EventReceiver<E extends AnyEventDefinition> = (
  event: MessageOf<E>,
  delivery: Delivery,
) => Promise<unknown>

/** What a bus is doing now, for health checks and metrics. */
export interface ExternalBusHealth {
  readonly state: 'stopped' | 'starting' | 'up' | 'degraded' | 'stopping'
  /** One for each vhost; `reason` is a sentence without secrets. */
  readonly links: readonly {
    readonly domain: string
    readonly state: 'connecting' | 'up' | 'blocked' | 'down'
    readonly reason: string | null
  }[]
  readonly pendingCalls: number
  readonly handling: number
  /** Replies that came too late, twice, or from the wrong user, since the start. */
  readonly droppedReplies: number
}
