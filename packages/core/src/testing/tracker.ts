import { setImmediate as oneTurn } from 'node:timers/promises'
import { PosthornError } from '../errors.ts'
import type { DeliveryFailure } from '../external-bus/delivery-failure.ts'
import type { HandlerCall, Middleware } from '../internal-bus/middleware.ts'
import type { Message } from '../messages/message.ts'
import { wireName } from './wire-name.ts'

/** One call of a handler that went well. */
export interface Handled<M extends Message = Message> {
  /** Whose handler it was. */
  readonly domain: string
  /** The command's wire name, or `<event's wire name>/<handler's name>`. */
  readonly handler: string
  readonly message: M
  /** Who sent the message; the own domain for what was handled in its own process. */
  readonly caller: string
  readonly attempt: number
}

/** Something that went wrong: a handler that threw, or a message that was refused before it came to one. */
export interface Failed {
  /** Where. */
  readonly domain: string
  /** Null for a message that came to no handler. */
  readonly handler: string | null
  /** The message's wire name, if it has one. */
  readonly type: string | null
  readonly messageId: string | null
  readonly attempt: number
  readonly error: unknown
  /** Whether somebody waited for the answer and has been told. */
  readonly told: boolean
}

/** A call of a handler that has not ended. */
export interface UnderWay {
  readonly domain: string
  readonly handler: string
  readonly message: Message
  /** By the process's clock. */
  readonly since: number
}

/** Of these the handler itself tells. */
const TOLD_BY_HANDLERS: ReadonlySet<string> = new Set([
  'handler-failed',
  'attempts-exhausted',
  'declared-error',
  'refused',
])

/** So many calls of handlers in one turn of the event loop are no longer a test, but a circle. */
const MOST_IN_A_TURN = 2_000

/** Remembers what happens in a system, as its buses tell it. */
export class Tracker {
  /** By id, so that a message which its relay sent twice counts once. */
  readonly sent = new Map<string, Message>()
  readonly handled: Handled[] = []
  readonly failed: Failed[] = []
  readonly underWay = new Set<UnderWay>()
  /** How many calls of handlers have begun since the event loop had its turn. */
  #sinceTurn = 0
  /** How many of those that failed the test knows of. */
  #known = 0
  /** Ids of the messages for whose outcome somebody waits. */
  readonly #awaited = new Set<string>()
  /** Ids of the commands that left with nobody waiting. */
  readonly #left = new Set<string>()

  forget(): void {
    this.sent.clear()
    this.handled.length = 0
    this.failed.length = 0
    this.#known = 0
  }

  /** What has failed with nobody told since this was asked before. */
  takeUntold(): readonly Failed[] {
    const untold = this.failed.slice(this.#known).filter(({ told }) => !told)
    this.#known = this.failed.length
    return untold
  }

  /** Somebody is about to wait for what becomes of a message. */
  await({ id }: Message): void {
    this.#awaited.add(id)
  }

  isAwaited({ id }: Message): boolean {
    return this.#awaited.has(id)
  }

  /** A message is about to leave, and nobody waits for what becomes of it. */
  leave({ id }: Pick<Message, 'id'>): void {
    this.#left.add(id)
  }

  /** The broker has taken a message. */
  send(message: Message): void {
    this.sent.set(message.id, message)
  }

  fail(failed: Failed): void {
    this.failed.push(failed)
  }

  /** To be put around the handlers of a domain's bus. */
  middlewareOf(domain: string): Middleware {
    return async (call, next) => {
      const { handler, message } = call
      const { caller, attempt } = call.context
      const underWay: UnderWay = { domain, handler, message, since: performance.now() }
      this.underWay.add(underWay)
      await this.#giveTurn()
      try {
        const result = await next()
        this.handled.push({ domain, handler, message, caller, attempt })
        return result
      } catch (error) {
        const { id: messageId, type } = message
        const told = this.#isTold(call)
        this.failed.push({ domain, handler, type, messageId, attempt, error, told })
        throw error
      } finally {
        this.underWay.delete(underWay)
      }
    }
  }

  /** What the external bus of a domain tells of deliveries that came to no handler, or that a handler's word ended. */
  hearDeliveriesOf(domain: string): (failure: DeliveryFailure) => void {
    return ({ reason, action, type: written, messageId, attempt, error, caller }) => {
      if (TOLD_BY_HANDLERS.has(reason)) return
      const type = written === null ? null : wireName(written)
      const told = action === 'answer'
      const cause = new PosthornError(
        'DeliveryFailed',
        `${type ?? 'A message'} of ${caller ?? 'somebody unknown'} came to no good end at ${domain}: ${reason}`,
        { cause: error, details: { reason, action } },
      )
      this.failed.push({ domain, handler: null, type, messageId, attempt, error: cause, told })
    }
  }

  /** Services that answer each other for ever would give nobody else a turn, and no deadline would come. */
  async #giveTurn(): Promise<void> {
    if (this.#sinceTurn === 0) {
      setImmediate(() => {
        this.#sinceTurn = 0
      })
    }
    this.#sinceTurn += 1
    if (this.#sinceTurn > MOST_IN_A_TURN) await oneTurn()
  }

  /** What becomes of an event, or of a command that was merely sent, nobody is told. */
  #isTold({ message: { id, kind, causationId } }: HandlerCall): boolean {
    if (this.#awaited.has(id)) return true
    return kind === 'command' && causationId === null && !this.#left.has(id)
  }
}
