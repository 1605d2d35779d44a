import type { Clock } from '../clock.ts'
import type { Delivery, ExternalBus } from '../external-bus/external-bus.ts'
import type { Domain } from '../messages/define-domain.ts'
import type { AnyEventDefinition } from '../messages/definitions.ts'
import type { Command, Event, ResultOf } from '../messages/message.ts'
import type { OutboxEntry, OutboxQueue } from '../outbox/outbox.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { RetryPolicy, UnitsOfWork } from '../unit-of-work/unit-of-work.ts'
import type { CommandTable, EventTable, SubscriptionTable } from './handlers.ts'
import type { Lifespan } from './lifecycle.ts'
import type { Middleware } from './middleware.ts'

/**
 * The message bus is the only way into a domain, and it dispatches inside one process: one message, one handler, one
 * transaction. (The external bus carries messages between processes; it is `external-bus/external-bus.ts`.)
 *
 * - Each handler call has a fresh unit of work. Success commits; an error rolls back, and its events vanish with it.
 * - What a handler raised is handled after its commit, in the order raised, each by its handlers in turn. The raising
 *   transaction has stored one outbox entry for each of these handlers, so none is lost when the process dies.
 * - Conflicts are retried here, everything else by whoever delivered the message.
 * - Handlers must not call the bus: they would wait for a connection while holding one. They raise or send.
 */
export interface MessageBus<D extends string = string, N extends object = object> extends AsyncDisposable {
  readonly domain: D
  /** Messages being handled now, their follow-ups included. */
  readonly inFlight: number
  /** Begins to accept messages, unless a stop comes before it is through. Idempotent; a stopped bus can be started again. */
  start(): Promise<void>
  /**
   * Refuses new messages and lets those in flight, with their follow-ups, finish up to `deadline` ms (default 20,000).
   * Gives the types of the messages whose handling it abandoned. Idempotent.
   */
  stop(options?: { readonly deadline?: number }): Promise<readonly string[]>
  /**
   * The handler's result, or its error, once the first attempts of all local follow-ups have ended. A follow-up's
   * failure does not change the result: it is retried from the outbox, or a dead letter if that cannot help.
   * @throws {PosthornError} `BusNotStarted`, `NoHandler`, `HandlerTimeout`, `ChainTooLong`, or what the handler threw
   */
  handle<C extends Command>(command: C, options?: HandleOptions<N>): Promise<ResultOf<C>>
  /**
   * Runs all handlers of an event; one's failure never stops the others. An event without handlers is fine.
   * @throws {PosthornError} `BusNotStarted`, `NoHandler` for another domain's event that is not subscribed to
   */
  handle(event: Event, options?: HandleOptions<N>): Promise<{ readonly failures: readonly HandlerFailure[] }>
  /**
   * Handles a message from outside, once: a repeated delivery gets the stored outcome. A command gives its result; an
   * event with a failed handler rejects with `HandlersFailed`, and its next delivery runs only those that failed. Does
   * not wait for follow-ups: they are stored, and run behind it, those of at most 100 messages at once.
   * @throws {PosthornError} `IdempotencyKeyReuse`, and as `handle`
   */
  receive(message: Command | Event, delivery: Delivery): Promise<unknown>
  /** Puts a middleware around all others, for what is handled from then on: for those who watch a bus that is made. */
  use(middleware: Middleware): void
  /** Registers this bus at the external bus: for each command of the contract, and each event subscribed to. */
  listenTo(external: ExternalBus<D>): void
  /** Handles a local outbox entry, for a relay. @throws what the handler threw; the relay then schedules a retry */
  dispatch(entry: OutboxEntry): Promise<void>
}

export interface HandleOptions<N extends object> {
  /**
   * Stands in for the bus's dependencies of the same names, in this call and in the follow-ups that this process runs
   * for it; another call sees none of it. It is not stored: what a relay runs later, after a failure or a crash, has the
   * bus's own dependencies again.
   */
  readonly dependencies?: Partial<N>
}

export interface HandlerFailure {
  readonly handler: string
  readonly error: unknown
}

export interface MessageBusOptions<
  Dom extends Domain,
  R extends object,
  C extends CommandTable<Dom, R, N>,
  S extends AnyEventDefinition,
  N extends object = object,
> {
  readonly domain: Dom
  readonly units: UnitsOfWork<R, Dom['name']>
  /** The outbox of the same store as `units`. */
  readonly outbox: Pick<OutboxQueue, 'lease' | 'fail'>
  /** Foreign events; each needs an entry in `handlers.subscriptions`. */
  readonly subscribes?: readonly S[]
  readonly handlers: {
    /** Exactly the contract's commands. */
    readonly commands: C & { readonly [K in Exclude<keyof C, keyof Dom['commands']>]: never }
    readonly events?: EventTable<Dom, R, N>
  } & ([S] extends [never]
    ? { readonly subscriptions?: undefined }
    : { readonly subscriptions: SubscriptionTable<S, R, Dom['name'], N> })
  /** A plain object, which handlers find as `context.dependencies`; read once, here. Its types decide which handlers fit the tables. */
  readonly dependencies?: N
  /** The first is the outermost. All are outside the timeout and the retry of conflicts. */
  readonly middleware?: readonly Middleware[]
  /** Longest handling of one message by one handler, retries included, in ms. Default 30,000. */
  readonly handlerTimeout?: number
  readonly retry?: RetryPolicy
  /** Longest chain of messages causing messages. Default 100. */
  readonly maxDepth?: number
  /** Held from the first start until the bus is disposed. The signal is aborted by a stop that comes before it is made. */
  readonly lifespan?: Lifespan
  /** Told what cannot be told to anybody else: a follow-up that failed, or could not even be marked as failed. */
  readonly onError?: (error: unknown, handler: string) => void
  readonly clock?: Clock
  readonly telemetry?: Telemetry | undefined
}
