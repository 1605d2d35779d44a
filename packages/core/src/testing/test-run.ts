import { setTimeout as delay, setImmediate as oneTurn } from 'node:timers/promises'
import { PosthornError } from '../errors.ts'
import type { ExternalBus } from '../external-bus/external-bus.ts'
import type { HandlerFailure } from '../internal-bus/message-bus.ts'
import type { System } from '../messages/define-system.ts'
import type { AnyCommandDefinition, AnyEventDefinition, MessageOf } from '../messages/definitions.ts'
import type { Command, Event, Message, ResultOf } from '../messages/message.ts'
import { splitType } from '../messages/names.ts'
import { allPromises, allTurns } from './all-turns.ts'
import { type DeadMessage, deadMessages } from './dead-messages.ts'
import { notSettled, runFailed } from './run-failures.ts'
import type { TestedParts } from './tested-service.ts'
import type { Failed, Handled } from './tracker.ts'
import { describeUnrest, isBusy, isQuiet, type Unrest } from './unrest.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** How long to wait for a run to settle, and whether it may have failed. */
export interface SettleOptions {
  /** The longest wait in one go for what cannot be skipped, such as a handler at work, in ms. Default 5,000. */
  readonly deadline?: number
  /** How far the run's clock may get, in ms. Default 2 hours: all tries of a message take 41 minutes. */
  readonly within?: number
  /** Failures of which nobody was told are part of the test. Default false. */
  readonly mayFail?: boolean
}

interface RunParts extends Unrest {
  readonly system: System
  readonly clock: VirtualClock
}

/** In ms. */
const STOP_DEADLINE = 1_000
/** After so many pauses that were skipped, everybody else in the process has a turn. */
const SKIPS = 50
/** What does not end in so many turns waits for something real, in which time the process may rest, for so many ms. */
const TURNS = 20
const PAUSE = 2

/**
 * A system under test: what happens in it is remembered, and `settled` waits until all has happened. All it needs is in
 * memory, and a fresh one takes a few ms, so that each test can have its own.
 *
 * Its time goes on as the wall's does, and is put forward by `settled`, from one retry to the next, whenever nobody does
 * anything; while a handler runs, time takes its time.
 */
export class TestRun<P extends Readonly<Record<string, TestedParts>> = Readonly<Record<string, TestedParts>>>
  implements AsyncDisposable
{
  /** What the services were joined from, by domain. */
  get services(): P {
    // Of each domain in P there is one as soon as the run has started.
    return Object.fromEntries(
      this.#parts.services.map(({ domain, parts }) => [domain, parts]),
    ) as unknown as P
  }

  /** The time of its broker, stores, relays and external buses, and of what is given `host.clock`. */
  readonly clock: VirtualClock
  readonly #parts: RunParts
  #stopping: Promise<void> | undefined

  constructor(parts: RunParts) {
    this.#parts = parts
    this.clock = parts.clock
  }

  /**
   * Gives a message to the service of its own domain, as an entrypoint does: a command gives its handler's result or
   * error, an event the failures of its handlers.
   *
   * @throws {PosthornError} `NoHandler` when the domain has no service in this run, or as `MessageBus.handle`
   */
  handle<C extends Command>(command: C): Promise<ResultOf<C>>
  handle(event: Event): Promise<{ readonly failures: readonly HandlerFailure[] }>
  async handle(message: Command | Event): Promise<unknown> {
    const { domain } = splitType(message.type)
    const service = this.#parts.services.find((one) => one.domain === domain)
    if (service === undefined) throw noService(domain, message)
    this.#parts.tracker.await(message)
    return service.parts.bus.handle(message as Command)
  }

  /**
   * A member that the test plays: a client, or a domain without a service. It has everything that it may use registered,
   * and is started.
   *
   * @throws {PosthornError} `UnknownDomain` when there is none of that name, or when it has a service of its own
   */
  as<const N extends string>(member: N): ExternalBus<N> {
    const bus = this.#parts.played.buses.get(member)
    if (bus !== undefined) return bus as ExternalBus<N>
    throw new PosthornError(
      'UnknownDomain',
      `${member} is not played by the test, which plays ${[...this.#parts.played.buses.keys()].join(', ')}`,
    )
  }

  /**
   * How a domain that the test plays answers a command, from now on. Without it such a domain takes what is sent to it,
   * and cannot answer when it is called. What the function throws is the domain's error.
   */
  answer<C extends AnyCommandDefinition>(
    command: C,
    answer: (command: MessageOf<C>) => ResultOf<MessageOf<C>> | Promise<ResultOf<MessageOf<C>>>,
  ): void {
    this.#parts.played.answer(command, answer as (command: never) => unknown)
  }

  /**
   * Waits until nothing is left to be done: all messages handled, all outboxes and queues empty, whatever failed tried
   * again until it succeeded or was a dead letter. Time that is only waited for is skipped, unless a service has an outbox
   * of its own, as on a real database: there it takes its time.
   *
   * @throws {PosthornError} `RunNotSettled` at the deadline, with what is still to be done and by whom; `RunFailed` when
   * something has failed since the run settled before, of which nobody was told, and may not
   */
  async settled({
    deadline = 5_000,
    within = 7_200_000,
    mayFail = false,
  }: SettleOptions = {}): Promise<void> {
    const { clock, tracker, services } = this.#parts
    const furthest = clock.now() + within
    const maySkip = services.every(({ keepsTime }) => keepsTime)
    let waitingSince = performance.now()
    for (let [skips, waits] = [0, 0]; ; ) {
      await allPromises()
      if ((await isQuiet(this.#parts)) && (await staysQuiet(this.#parts))) break
      const isLate = performance.now() - waitingSince > deadline
      if (isLate || clock.now() > furthest) {
        const left = await describeUnrest(this.#parts)
        throw notSettled(isLate ? `${deadline} ms` : `${within} ms of its own time`, left, tracker.failed)
      }
      if (maySkip && !isBusy(this.#parts) && clock.skip()) {
        waitingSince = performance.now()
        waits = 0
        skips += 1
        if (skips % SKIPS === 0) await oneTurn()
      } else {
        waits += 1
        await (waits > TURNS ? delay(PAUSE) : oneTurn())
      }
    }
    const failed = tracker.takeUntold()
    if (failed.length > 0 && !mayFail) throw runFailed(failed)
  }

  /**
   * The payloads that were published of an event, oldest first: what the broker has taken, whether or not somebody
   * subscribes to it. Without an event, all that were published, as messages.
   *
   * @throws {PosthornError} `PrivateEvent` for what never leaves its domain: see `handled`
   */
  published(): readonly Event[]
  published<E extends AnyEventDefinition>(event: E): readonly MessageOf<E>['payload'][]
  published(event?: AnyEventDefinition): readonly unknown[] {
    if (event === undefined) return this.#sent('event')
    if (!event.private) return payloadsOf(event, this.#sent('event'))
    throw new PosthornError(
      'PrivateEvent',
      `${event.type} is private and never published; look who handled it`,
    )
  }

  /**
   * The payloads with which another domain was sent, or called with, a command, oldest first. Without a command, all that
   * were, as messages. What a domain sends to itself is not among them: see `handled`.
   */
  sent(): readonly Command[]
  sent<C extends AnyCommandDefinition>(command: C): readonly MessageOf<C>['payload'][]
  sent(command?: AnyCommandDefinition): readonly unknown[] {
    const all = this.#sent('command')
    return command === undefined ? all : payloadsOf(command, all)
  }

  /** Which handlers have handled a message of that kind, in the order in which they ended; those of shared units excepted. */
  handled<D extends AnyCommandDefinition | AnyEventDefinition>(
    definition: D,
  ): readonly Handled<MessageOf<D>>[] {
    const ofKind = this.#parts.tracker.handled.filter(({ message }) => message.type === definition.type)
    // What is of the type was made by the definition.
    return ofKind as readonly unknown[] as readonly Handled<MessageOf<D>>[]
  }

  /** What went wrong, in the order of its happening: one for each try. An error that a command declares is among it. */
  failed(definition?: AnyCommandDefinition | AnyEventDefinition): readonly Failed[] {
    const { failed } = this.#parts.tracker
    return failed.filter(({ type }) => definition === undefined || type === definition.type)
  }

  /** What was given up, on the broker and in the outboxes. */
  deadLetters(): Promise<readonly DeadMessage[]> {
    return deadMessages(this.#parts)
  }

  /** Forgets what was published, sent, handled and failed until now; for tests that share a run. */
  forget(): void {
    this.#parts.tracker.forget()
  }

  /** Stops all services; what they have begun they may finish, for some seconds. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    const { services, played } = this.#parts
    await Promise.all([...played.buses.values()].map((bus) => bus.stop({ deadline: STOP_DEADLINE })))
    await Promise.all(services.map((service) => service.stop()))
  }

  #sent(kind: Message['kind']): readonly Message[] {
    return [...this.#parts.tracker.sent.values()].filter((message) => message.kind === kind)
  }
}

async function staysQuiet(parts: RunParts): Promise<boolean> {
  await allTurns()
  return isQuiet(parts)
}

function payloadsOf({ type }: { readonly type: string }, messages: readonly Message[]): readonly unknown[] {
  return messages.filter((message) => message.type === type).map(({ payload }) => payload)
}

function noService(domain: string, { type }: Message): PosthornError<'NoHandler'> {
  return new PosthornError(
    'NoHandler',
    `${domain} has no service in this run, so nobody handles ${type}; add it to the services, or play it`,
    { outcome: 'not-executed', details: { type } },
  )
}
