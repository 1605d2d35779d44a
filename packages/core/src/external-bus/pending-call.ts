import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import type { CommandDefinition } from '../messages/definitions.ts'
import { readAnswer } from './read-answer.ts'
import { RemoteError } from './remote-error.ts'

export interface PendingCallOptions {
  readonly clock: Clock
  readonly definition: CommandDefinition
  readonly messageId: string
  /** In ms. */
  readonly timeout: number
  readonly signal?: AbortSignal | undefined
  /** Sends the command, any number of times with the same id. */
  transmit(timeLeft: number): Promise<void>
  onEnd(): void
}

/** With less time than this left, in ms, a call whose connection was lost is not sent again. */
const WORTH_A_RESEND = 1_000
const RESEND_PAUSE = 50

/** One call on its way: sent at least once, and settled exactly once, by an answer, an error or its deadline. */
export class PendingCall {
  readonly result: Promise<unknown>
  readonly definition: CommandDefinition
  readonly #options: PendingCallOptions
  readonly #deadline: number
  readonly #cancelTimer: () => void
  readonly #abort = () => this.fail(this.#unknown('CallAborted', 'was given up by its caller'))
  #resolve!: (value: unknown) => void
  #reject!: (error: unknown) => void
  #ended = false
  #transmissions = 0
  #transmitting = false
  #repliesLost = false

  constructor(options: PendingCallOptions) {
    this.#options = options
    this.definition = options.definition
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#deadline = options.clock.now() + options.timeout
    this.#cancelTimer = options.clock.after(options.timeout, () => {
      this.fail(this.#unknown('CallTimeout', `was not answered within ${options.timeout} ms`))
    })
    options.signal?.addEventListener('abort', this.#abort)
  }

  /** Sends the command, again after a lost connection while there is time. Never throws. */
  async transmit(): Promise<void> {
    this.#transmitting = true
    do {
      if (this.#transmissions > 0) await this.#pause()
      if (this.#ended) return
      this.#repliesLost = false
      this.#transmissions += 1
      try {
        await this.#options.transmit(this.#timeLeft())
      } catch (error) {
        this.#transmissionFailed(error)
      }
    } while (this.#repliesLost && !this.#ended)
    this.#transmitting = false
  }

  /** The connection that would have brought the answer is gone. */
  repliesLost(): void {
    if (this.#timeLeft() < WORTH_A_RESEND) {
      this.fail(this.#unknown('ConnectionLost', 'lost its connection before it was answered'))
      return
    }
    this.#repliesLost = true
    if (!this.#transmitting) void this.transmit()
  }

  answer(kind: 'reply' | 'error', body: Uint8Array): void {
    if (!this.#end()) return
    try {
      this.#resolve(readAnswer(this.definition, kind, body))
    } catch (error) {
      // What failed once may have another copy that is still on its way.
      this.#reject(this.#transmissions > 1 && isFailure(error) ? this.#afterResend(error) : error)
    }
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error)
  }

  #transmissionFailed(error: unknown): void {
    const code = error instanceof PosthornError ? error.code : undefined
    if (code === 'ConnectionLost' && this.#timeLeft() >= WORTH_A_RESEND) this.#repliesLost = true
    // The call's own timer tells of the same deadline.
    else if (code !== 'PublishTimeout') this.fail(this.#transmissions > 1 ? this.#afterResend(error) : error)
  }

  /** Whatever became of this attempt, another one may have arrived. */
  #afterResend(error: unknown): unknown {
    if (!(error instanceof PosthornError) || error.outcome === 'unknown') return error
    if (error instanceof RemoteError) {
      const { domain, remoteName: name, errorId } = error
      return new RemoteError({ domain, name, errorId }, 'unknown')
    }
    return new PosthornError(error.code, error.message, {
      outcome: 'unknown',
      retryable: error.retryable,
      details: error.details,
      cause: error,
    })
  }

  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#cancelTimer()
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#options.onEnd()
    return true
  }

  #timeLeft(): number {
    return this.#deadline - this.#options.clock.now()
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.after(RESEND_PAUSE, resolve)
    })
  }

  #unknown<C extends string>(code: C, what: string): PosthornError<C> {
    const { definition, messageId } = this.#options
    return new PosthornError(
      code,
      `The call ${definition.type} ${messageId} ${what}; it may have run: ask again with the same message`,
      { outcome: 'unknown', retryable: true, details: { type: definition.type, messageId } },
    )
  }
}

/** Not a refusal, nor an error of the contract: those are given again whenever the same is asked. */
function isFailure(error: unknown): boolean {
  return error instanceof PosthornError && error.outcome === 'failed'
}
