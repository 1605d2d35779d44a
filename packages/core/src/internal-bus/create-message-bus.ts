import { type Abort, withSignal } from '../abort.ts'
import { systemClock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import type { CommandReceiver, Delivery, ExternalBus } from '../external-bus/external-bus.ts'
import { HandlersFailed } from '../handlers-failed.ts'
import { harmless } from '../listener.ts'
import { DeclaredError } from '../messages/declared-error.ts'
import type { Domain } from '../messages/define-domain.ts'
import type { AnyCommandDefinition, AnyEventDefinition } from '../messages/definitions.ts'
import type { Command, Event, Message, ResultOf } from '../messages/message.ts'
import type { OutboxEntry } from '../outbox/outbox.ts'
import { mayYetSucceed } from '../outbox/outbox-policy.ts'
import { during, inTrace } from '../telemetry/during.ts'
import { retryConflicts } from '../unit-of-work/retry-conflicts.ts'
import { type Handler, type HandlerRegistry, handlerRegistry } from './handler-registry.ts'
import type { CommandTable, HandlerContext } from './handlers.ts'
import { Lifecycle } from './lifecycle.ts'
import type { HandleOptions, HandlerFailure, MessageBus, MessageBusOptions } from './message-bus.ts'
import { timeout } from './middleware/timeout.ts'
import { compose, type HandlerCall, type Middleware } from './middleware.ts'
import {
  type Claim,
  type FollowUp,
  type RunnerParts,
  runDetached,
  runInUnit,
  storedOutcome,
  type Task,
} from './run-handler.ts'
import { Slots } from './slots.ts'

/**
 * Makes the message bus of one domain from its contract, its units of work and its handlers. The compiler checks that
 * the tables are complete and exact; so does this, for those who come without one.
 *
 * @throws {PosthornError} `InvalidDefinition`
 */
export function createMessageBus<
  const Dom extends Domain,
  R extends object,
  C extends CommandTable<Dom, R, N>,
  S extends AnyEventDefinition = never,
  N extends object = object,
>(options: MessageBusOptions<Dom, R, C, S, N>): MessageBus<Dom['name'], N> {
  return new InProcessMessageBus(options)
}

/** Messages from outside that have been answered and whose follow-ups still run, at most. */
const BACKGROUND = 100

const STOP_DEADLINE = 20_000

class InProcessMessageBus<
  Dom extends Domain,
  R extends object,
  C extends CommandTable<Dom, R, N>,
  S extends AnyEventDefinition,
  N extends object,
> implements MessageBus<Dom['name'], N>
{
  readonly domain: Dom['name']
  readonly #options: MessageBusOptions<Dom, R, C, S, N>
  readonly #dependencies: Readonly<N>
  readonly #registry: HandlerRegistry<R>
  readonly #parts: RunnerParts<R>
  #middleware: readonly Middleware[]
  #around: ReturnType<typeof compose>
  readonly #report: (error: unknown, handler: string) => void
  readonly #lifecycle: Lifecycle
  readonly #background = new Slots(BACKGROUND)
  readonly #timeout: number

  constructor(options: MessageBusOptions<Dom, R, C, S, N>) {
    const { domain, units, outbox, retry, clock = systemClock, onError = warn, maxDepth = 100 } = options
    const registry = handlerRegistry<R>(domain, options.subscribes ?? [], options.handlers)
    this.domain = domain.name
    this.#options = options
    // Without dependencies their type is `object`, which says nothing about what it holds.
    this.#dependencies = Object.freeze({ ...options.dependencies }) as Readonly<N>
    this.#registry = registry
    this.#timeout = options.handlerTimeout ?? 30_000
    this.#report = harmless(onError)
    this.#lifecycle = new Lifecycle(domain.name, clock, options.lifespan)
    this.#parts = {
      units,
      registry,
      maxDepth,
      lease: (position, ms) => outbox.lease(position, ms),
      retry: (work) => retryConflicts(retry, clock, work),
      telemetry: options.telemetry,
    }
    this.#middleware = [
      ...(options.middleware ?? []),
      timeout(this.#timeout, clock, () => this.#lifecycle.abandoned),
    ]
    this.#around = compose(this.#middleware)
  }

  get inFlight(): number {
    return this.#lifecycle.inFlight
  }

  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  stop({ deadline = STOP_DEADLINE }: { readonly deadline?: number } = {}): Promise<readonly string[]> {
    return this.#lifecycle.stop(deadline)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lifecycle.dispose(STOP_DEADLINE)
  }

  handle<M extends Command>(command: M, options?: HandleOptions<N>): Promise<ResultOf<M>>
  handle(event: Event, options?: HandleOptions<N>): Promise<{ readonly failures: readonly HandlerFailure[] }>
  handle(message: Command | Event, { dependencies }: HandleOptions<N> = {}): Promise<unknown> {
    const own = this.#dependencies
    const all = dependencies === undefined ? own : Object.freeze({ ...own, ...dependencies })
    return this.#lifecycle.accept(message, () => this.#handle(message, all))
  }

  receive(message: Command | Event, delivery: Delivery): Promise<unknown> {
    return this.#lifecycle.accept(message, () => this.#receive(message, delivery))
  }

  use(middleware: Middleware): void {
    this.#middleware = [middleware, ...this.#middleware]
    this.#around = compose(this.#middleware)
  }

  listenTo(external: ExternalBus<Dom['name']>): void {
    const receive = (message: Command | Event, delivery: Delivery) => this.receive(message, delivery)
    for (const command of this.#registry.commands.values()) {
      external.registerCommandHandler(command, receive as CommandReceiver<AnyCommandDefinition>)
    }
    for (const event of this.#registry.subscribed.values()) external.registerEventHandlers(event, receive)
  }

  async dispatch(entry: OutboxEntry): Promise<void> {
    const { type, body } = entry.message
    const { commands, events, subscribed } = this.#registry
    const definition = commands.get(type) ?? events.get(type) ?? subscribed.get(type)
    const handler = this.#registry.named(type, entry.handler ?? '')
    const message = (definition as AnyEventDefinition).receive({
      ...entry.message,
      payload: JSON.parse(body),
    })
    const task: Task<R> = { message, depth: entry.depth, handler, position: entry.position }
    await this.#lifecycle.accept(message, async () => {
      const queue: FollowUp[] = []
      await this.#run(task, this.#context(this.#dependencies, entry.attempts + 1), queue)
      await this.#runFollowUps(queue, this.#dependencies)
    })
  }

  async #handle(message: Command | Event, dependencies: Readonly<N>): Promise<unknown> {
    const queue: FollowUp[] = []
    try {
      const context = this.#context(dependencies)
      if (message.kind === 'command') return await this.#run(this.#commandTask(message), context, queue)
      return { failures: await this.#runAll(message, () => ({}), context, queue) }
    } finally {
      if (queue.length > 0) await this.#runFollowUps(queue, dependencies)
    }
  }

  async #receive(message: Command | Event, delivery: Delivery): Promise<unknown> {
    const queue: FollowUp[] = []
    const { caller, redelivered, attempt } = delivery
    const context = withSignal({ caller, redelivered, attempt, dependencies: this.#dependencies }, delivery)
    const claim = (consumer: string): { readonly claim: Claim } => ({
      claim: {
        key: { consumer, source: caller, messageId: message.id },
        fingerprint: `${message.type} ${delivery.fingerprint}`,
      },
    })
    try {
      if (message.kind === 'command') {
        const task = { ...this.#commandTask(message), ...claim('commands') }
        return await this.#run(task, context, queue).catch((error) => this.#keepDeclared(task, error))
      }
      const failures = await this.#runAll(message, (handler) => claim(handler.fullName), context, queue)
      if (failures.length > 0) throw new HandlersFailed(message, failures)
      return undefined
    } finally {
      if (queue.length > 0) await this.#runInBackground(message, queue)
    }
  }

  #run(task: Task<R>, context: HandlerContext, queue: FollowUp[]): Promise<unknown> {
    const { telemetry } = this.#options
    if (telemetry === undefined) return this.#runTask(task, context, queue)
    const { message, handler } = task
    const { caller, attempt } = context
    const operation = { kind: 'handle', message, handler: handler.fullName, caller, attempt } as const
    // The handler's message is that of its own span, so that what it causes is part of it.
    return during(telemetry, operation, (running) =>
      this.#runTask({ ...task, message: inTrace(message, running) }, context, queue),
    )
  }

  async #runTask(task: Task<R>, context: HandlerContext, queue: FollowUp[]): Promise<unknown> {
    const { handler, message } = task
    let followUps: readonly FollowUp[] = []
    let running: Promise<unknown> | undefined
    const work = async (current: HandlerCall) => {
      const ran =
        handler.transaction === 'none' && task.claim === undefined
          ? await runDetached(this.#parts, { ...task, handler }, current.context)
          : await this.#parts.retry((attempt) => runInUnit(this.#parts, task, current.context, attempt))
      followUps = ran.followUps
      return ran.result
    }
    try {
      const result = await this.#around({ message, handler: handler.fullName, context }, (current) => {
        running = work(current)
        return running
      })
      queue.push(...followUps)
      return result
    } catch (error) {
      // A handler whose time is over may go on until it notices, and a stop waits for that.
      this.#lifecycle.follow(message, async () => running).catch(() => undefined)
      throw error
    }
  }

  async #runAll(
    event: Event,
    claim: (handler: Handler<R>) => Pick<Task<R>, 'claim'>,
    context: HandlerContext,
    queue: FollowUp[],
  ): Promise<readonly HandlerFailure[]> {
    const { events, subscribed } = this.#registry
    if (!events.has(event.type) && !subscribed.has(event.type)) {
      throw noHandler(event, `is no event of ${this.domain}, nor one that it subscribes to`)
    }
    const failures: HandlerFailure[] = []
    for (const handler of this.#registry.eventHandlers(event.type)) {
      try {
        await this.#run({ message: event, depth: 0, handler, ...claim(handler) }, context, queue)
      } catch (error) {
        failures.push({ handler: handler.fullName, error })
      }
    }
    return failures
  }

  /** Who delivered a message has its answer as soon as it is committed, unless too much is still going on behind it. */
  async #runInBackground(message: Message, queue: FollowUp[]): Promise<void> {
    await this.#background.take()
    void this.#lifecycle.follow(message, () =>
      this.#runFollowUps(queue, this.#dependencies).finally(() => this.#background.give()),
    )
  }

  /** First raised first handled, with what they cause behind them. Never throws; what is left undone is in the outbox. */
  async #runFollowUps(queue: FollowUp[], dependencies: Readonly<N>): Promise<void> {
    const { abandoned } = this.#lifecycle
    for (const followUp of queue) {
      if (abandoned.aborted) return
      await this.#followUp(followUp, queue, dependencies, abandoned)
    }
  }

  async #followUp(
    followUp: FollowUp,
    queue: FollowUp[],
    dependencies: Readonly<N>,
    abandoned: Abort,
  ): Promise<void> {
    const { message, depth, handler: name, position } = followUp
    const handler = this.#registry.named(message.type, name)
    const task: Task<R> = { message, depth, handler, position, lease: this.#timeout + 5_000 }
    try {
      await this.#run(task, this.#context(dependencies), queue)
    } catch (error) {
      if (abandoned.aborted) return
      this.#report(error, handler.fullName)
      this.#options.telemetry?.note({ kind: 'entry-failed', to: 'local', error })
      await this.#options.outbox
        .fail(position, error, mayYetSucceed(error))
        .catch((cause) => this.#report(cause, handler.fullName))
    }
  }

  /**
   * A declared error is an outcome too: it is stored, in a unit of its own, so that a repetition gets it again. Should
   * another delivery of the same message have come to something meanwhile, that is the outcome.
   */
  async #keepDeclared(task: Task<R> & { readonly claim: Claim }, error: unknown): Promise<unknown> {
    const { message, claim } = task
    const declared = this.#registry.commands.get(message.type)?.errors ?? {}
    const isDeclared =
      error instanceof DeclaredError && error.domain === this.domain && Object.hasOwn(declared, error.name)
    if (!isDeclared) throw error
    return this.#parts.retry(async () => {
      const handling = { handler: task.handler.fullName, messageId: message.id }
      const transaction = await this.#options.units.begin({ handling })
      try {
        const claimed = await transaction.inbox.claim(claim.key, claim.fingerprint)
        if (!claimed.first) return storedOutcome(this.#registry, message, claimed.outcome)
        transaction.inbox.record(claim.key, { ok: false, error: { name: error.name, data: error.data } })
        await transaction.commit()
      } finally {
        await transaction.rollback()
      }
      throw error
    })
  }

  #commandTask(command: Command): Task<R> {
    const handler = this.#registry.commandHandler(command.type)
    if (handler !== undefined) return { message: command, depth: 0, handler }
    throw noHandler(command, `is no command of ${this.domain}; call or send it through the external bus`)
  }

  /** Of what was handled in this process. */
  #context(dependencies: Readonly<N>, attempt = 1): HandlerContext<N> {
    const context = { caller: this.domain, redelivered: attempt > 1, attempt, dependencies }
    return withSignal(context, this.#lifecycle.abandoned)
  }
}

function noHandler({ type }: Message, why: string): PosthornError<'NoHandler'> {
  return new PosthornError('NoHandler', `${type} ${why}`, { outcome: 'not-executed', details: { type } })
}

function warn(error: unknown, handler: string): void {
  process.emitWarning(`${handler} failed and stays in the outbox: ${String(error)}`, 'PosthornWarning')
}
