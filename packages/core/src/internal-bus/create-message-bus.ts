import { setMaxListeners } from 'node:events'
import { type Clock, systemClock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import type { Delivery, ExternalBus } from '../external-bus/external-bus.ts'
import type { InboxKey } from '../inbox/inbox.ts'
import { DeclaredError } from '../messages/declared-error.ts'
import type { Domain } from '../messages/define-domain.ts'
import type { AnyEventDefinition } from '../messages/definitions.ts'
import type { Command, Event, Message, ResultOf } from '../messages/message.ts'
import type { OutboxEntry } from '../outbox/outbox.ts'
import { type Handler, type HandlerRegistry, handlerRegistry } from './handler-registry.ts'
import type { CommandTable, HandlerContext } from './handlers.ts'
import { InFlight } from './in-flight.ts'
import type { HandlerFailure, MessageBus, MessageBusOptions } from './message-bus.ts'
import { compose, type HandlerCall } from './middleware.ts'
import { conflictRetry } from './middleware/conflict-retry.ts'
import { timeout } from './middleware/timeout.ts'
import { type FollowUp, type Ran, type RunnerParts, runHandler, type Task } from './run-handler.ts'

/**
 * Makes the message bus of one domain from its contract, its units of work and its handlers. The compiler checks that
 * the tables are complete and exact; so does this, for those who come without one.
 *
 * @throws {PosthornError} `InvalidDefinition`
 */
export function createMessageBus<
  const Dom extends Domain,
  R extends object,
  C extends CommandTable<Dom, R>,
  S extends AnyEventDefinition = never,
>(options: MessageBusOptions<Dom, R, C, S>): MessageBus<Dom['name']> {
  return new InProcessMessageBus(options)
}

class InProcessMessageBus<
  Dom extends Domain,
  R extends object,
  C extends CommandTable<Dom, R>,
  S extends AnyEventDefinition,
> implements MessageBus<Dom['name']>
{
  readonly domain: Dom['name']
  readonly #registry: HandlerRegistry<R>
  readonly #parts: RunnerParts<R>
  readonly #options: MessageBusOptions<Dom, R, C, S>
  readonly #through: (
    call: HandlerCall,
    innermost: (call: HandlerCall) => Promise<unknown>,
  ) => Promise<unknown>
  readonly #work: InFlight
  readonly #timeout: number
  #running = false
  #abandon = new AbortController()
  #lifespan: AsyncDisposable | undefined

  constructor(options: MessageBusOptions<Dom, R, C, S>) {
    const clock: Clock = options.clock ?? systemClock
    const registry = handlerRegistry<R>(options.domain, options.subscribes ?? [], options.handlers)
    this.domain = options.domain.name
    this.#options = options
    this.#registry = registry
    this.#timeout = options.handlerTimeout ?? 30_000
    this.#parts = {
      units: options.units,
      registry,
      maxDepth: options.maxDepth ?? 100,
      lease: (position, ms) => options.outbox.lease(position, ms),
    }
    this.#through = compose([
      ...(options.middleware ?? []),
      timeout(this.#timeout, clock),
      conflictRetry(options.retry, clock),
    ])
    this.#work = new InFlight(clock)
  }

  get inFlight(): number {
    return this.#work.size
  }

  async start(): Promise<void> {
    if (this.#running) return
    this.#lifespan ??= await this.#options.lifespan?.()
    this.#abandon = new AbortController()
    // One listener for each handler call in flight, taken off when it ends.
    setMaxListeners(0, this.#abandon.signal)
    this.#running = true
  }

  async stop({ deadline = 20_000 }: { readonly deadline?: number } = {}): Promise<readonly string[]> {
    this.#running = false
    const abandoned = await this.#work.drain(deadline)
    if (abandoned.length > 0) {
      this.#abandon.abort(
        new PosthornError('BusNotStarted', `The bus of ${this.domain} has stopped`, { outcome: 'unknown' }),
      )
    }
    return abandoned
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#lifespan?.[Symbol.asyncDispose]()
    this.#lifespan = undefined
  }

  handle<M extends Command>(command: M): Promise<ResultOf<M>>
  handle(event: Event): Promise<{ readonly failures: readonly HandlerFailure[] }>
  async handle(message: Command | Event): Promise<unknown> {
    const context = this.#context(this.domain)
    return this.#accept(message, (queue) => {
      if (message.kind === 'command') return this.#run(this.#commandTask(message), context, queue)
      return this.#runAll(message, () => ({}), context, queue).then((failures) => ({ failures }))
    })
  }

  async receive(message: Command | Event, delivery: Delivery): Promise<unknown> {
    const { caller, redelivered, attempt, signal, fingerprint } = delivery
    const context: HandlerContext = { caller, redelivered, attempt, signal }
    const claim = (consumer: string) => ({
      claim: { key: { consumer, source: caller, messageId: message.id }, fingerprint },
    })
    return this.#accept(message, async (queue) => {
      if (message.kind === 'command') {
        const task = { ...this.#commandTask(message), ...claim('commands') }
        return this.#run(task, context, queue).catch((error) => this.#keepDeclared(task, error))
      }
      const failures = await this.#runAll(message, (handler) => claim(handler.fullName), context, queue)
      if (failures.length > 0) throw handlersFailed(message, failures)
      return undefined
    })
  }

  listenTo(external: ExternalBus<Dom['name']>): void {
    for (const command of this.#registry.commands.values()) {
      external.registerCommandHandler(
        command,
        (message, delivery) => this.receive(message, delivery) as never,
      )
    }
    for (const event of this.#registry.subscribed.values()) {
      external.registerEventHandlers(event, (message, delivery) => this.receive(message, delivery))
    }
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
    await this.#accept(message, (queue) =>
      this.#run(task, this.#context(this.domain, entry.attempts + 1), queue),
    )
  }

  /** Does the work, then its follow-ups, first raised first handled, with theirs behind them. */
  async #accept<T>(message: Message, work: (queue: FollowUp[]) => Promise<T>): Promise<T> {
    if (!this.#running) {
      throw new PosthornError(
        'BusNotStarted',
        `The bus of ${this.domain} is not started; ${message.type} was not handled`,
        {
          outcome: 'not-executed',
          retryable: true,
        },
      )
    }
    return this.#work.track(message.type, async () => {
      const queue: FollowUp[] = []
      try {
        return await work(queue)
      } finally {
        for (const followUp of queue) await this.#followUp(followUp, queue)
      }
    })
  }

  async #run(task: Task<R>, context: HandlerContext, queue: FollowUp[]): Promise<unknown> {
    let attempt = 0
    let ran: Ran | undefined
    const call = { message: task.message, handler: task.handler.fullName, context }
    const result = await this.#through(call, async (current) => {
      attempt += 1
      ran = await runHandler(this.#parts, task, current.context, attempt)
      return ran.result
    })
    queue.push(...((ran as Ran | undefined)?.followUps ?? []))
    return result
  }

  async #runAll(
    event: Event,
    claim: (handler: Handler<R>) => Pick<Task<R>, 'claim'>,
    context: HandlerContext,
    queue: FollowUp[],
  ): Promise<readonly HandlerFailure[]> {
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

  async #followUp({ message, depth, handler: name, position }: FollowUp, queue: FollowUp[]): Promise<void> {
    const handler = this.#registry.named(message.type, name)
    const task: Task<R> = { message, depth, handler, position, lease: this.#timeout + 5_000 }
    try {
      await this.#run(task, this.#context(this.domain), queue)
    } catch (error) {
      this.#report(error, handler.fullName)
      await this.#options.outbox.fail(position, error).catch((cause) => this.#report(cause, handler.fullName))
    }
  }

  /** A declared error is an outcome too: it is stored, in a unit of its own, so that a repetition gets it again. */
  async #keepDeclared(
    task: Task<R> & { readonly claim: { readonly key: InboxKey; readonly fingerprint: string } },
    error: unknown,
  ): Promise<never> {
    const declared = this.#registry.commands.get(task.message.type)?.errors ?? {}
    if (
      error instanceof DeclaredError &&
      error.domain === this.domain &&
      Object.hasOwn(declared, error.name)
    ) {
      const { key, fingerprint } = task.claim
      const transaction = await this.#options.units.begin()
      try {
        const claimed = await transaction.inbox.claim(key, fingerprint)
        if (claimed.first) {
          transaction.inbox.record(key, { ok: false, error: { name: error.name, data: error.data } })
          await transaction.commit()
        }
      } finally {
        await transaction.rollback()
      }
    }
    throw error
  }

  #commandTask(command: Command): Task<R> {
    const handler = this.#registry.commandHandler(command.type)
    if (handler !== undefined) return { message: command, depth: 0, handler }
    throw new PosthornError(
      'NoHandler',
      `${command.type} is no command of ${this.domain}; call or send it through the external bus`,
      { outcome: 'not-executed', details: { type: command.type } },
    )
  }

  #context(caller: string, attempt = 1): HandlerContext {
    return { caller, redelivered: attempt > 1, attempt, signal: this.#abandon.signal }
  }

  #report(error: unknown, handler: string): void {
    if (this.#options.onError !== undefined) this.#options.onError(error, handler)
    else process.emitWarning(`${handler} failed and will be tried again: ${String(error)}`, 'PosthornWarning')
  }
}

function handlersFailed(event: Event, failures: readonly HandlerFailure[]): PosthornError<'HandlersFailed'> {
  const names = failures.map(({ handler }) => handler)
  return new PosthornError('HandlersFailed', `${event.type} ${event.id} failed in ${names.join(', ')}`, {
    outcome: 'failed',
    retryable: true,
    details: { handlers: names },
    cause:
      failures.length === 1 ? failures[0]?.error : new AggregateError(failures.map(({ error }) => error)),
  })
}
