import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import type { CommandDefinition } from '../messages/definitions.ts'
import type { Command } from '../messages/message.ts'
import type { Frame } from './broker.ts'
import type { CallOptions } from './external-bus.ts'
import { PendingCall } from './pending-call.ts'
import { HEADERS, parseWireType, textHeader } from './wire-format.ts'

/** In ms. */
export const DEFAULT_TIMEOUT = 30_000
/** Longer, in ms, is more than a timer can count. */
const LONGEST_TIMEOUT = 2 ** 31 - 1

/**
 * The calls that wait for an answer, by the id of their command. A call is registered before it is sent, or an answer
 * that is faster than the broker's confirm would find nobody waiting.
 */
export class PendingCalls {
  readonly #clock: Clock
  readonly #limit: number
  readonly #calls = new Map<string, PendingCall>()
  #dropped = 0

  constructor(clock: Clock, limit: number) {
    this.#clock = clock
    this.#limit = limit
  }

  get size(): number {
    return this.#calls.size
  }

  /** Replies that came too late, twice, or from the wrong user. */
  get dropped(): number {
    return this.#dropped
  }

  /**
   * Sends a command with `transmit` and waits for the answer.
   *
   * @throws as `ExternalBus.call`, and `DuplicateCall` when the same command is already waiting
   */
  call(
    definition: CommandDefinition,
    command: Command,
    transmit: (timeLeft: number) => Promise<void>,
    options: CallOptions = {},
  ): Promise<unknown> {
    const messageId = command.id
    const refused = this.#refusal(command, options.signal)
    if (refused !== undefined) return Promise.reject(refused)
    const call = new PendingCall({
      clock: this.#clock,
      definition,
      messageId,
      timeout: Math.min(options.timeout ?? DEFAULT_TIMEOUT, LONGEST_TIMEOUT),
      signal: options.signal,
      transmit,
      onEnd: () => this.#calls.delete(messageId),
    })
    this.#calls.set(messageId, call)
    void call.transmit()
    return call.result
  }

  /** An answer counts for the call that it names, from the domain that was called. The first one wins. */
  onReply(domain: string, frame: Frame): void {
    const call = this.#calls.get(textHeader(frame, HEADERS.causationId) ?? '')
    const wire = parseWireType(frame.properties.type)
    const kind = wire?.kind
    if (
      call === undefined ||
      (kind !== 'reply' && kind !== 'error') ||
      `${wire?.domain}.${wire?.name}` !== call.definition.type ||
      wire?.version !== call.definition.version ||
      domain !== call.definition.domain ||
      frame.properties.userId !== domain
    ) {
      this.#dropped += 1
      return
    }
    call.answer(kind, frame.body)
  }

  onRepliesLost(domain: string): void {
    for (const call of [...this.#calls.values()]) {
      if (call.definition.domain === domain) call.repliesLost()
    }
  }

  /** What still waits when the bus stops may have run. */
  stop(): void {
    for (const [messageId, call] of [...this.#calls]) {
      const { type } = call.definition
      call.fail(
        new PosthornError(
          'BusStopped',
          `The bus stopped before ${type} ${messageId} was answered; it may have run`,
          {
            outcome: 'unknown',
            retryable: true,
            details: { type, messageId },
          },
        ),
      )
    }
  }

  #refusal({ id, type }: Command, signal: AbortSignal | undefined): PosthornError | undefined {
    if (signal?.aborted === true) {
      return new PosthornError('CallAborted', `The call ${type} ${id} was given up before it was sent`, {
        outcome: 'not-executed',
      })
    }
    if (this.#calls.has(id)) {
      return new PosthornError('DuplicateCall', `The call ${type} ${id} already waits for its answer`, {
        outcome: 'unknown',
      })
    }
    if (this.#calls.size >= this.#limit) {
      return new PosthornError(
        'TooManyCalls',
        `${this.#limit} calls are waiting, which is the limit; call less at once or raise pendingCalls`,
        { outcome: 'not-executed', retryable: true },
      )
    }
    return undefined
  }
}
