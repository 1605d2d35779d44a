/**
 * What a failed message tells its sender about the effect it had.
 *
 * - `not-executed`: nothing ran and nothing will (unroutable; refused before it left).
 * - `refused`: the service answered that it will not run it (`Forbidden`, `ValidationFailed`).
 * - `failed`: it ran and was rolled back (a declared or a remote error).
 * - `unknown`: it may have run (timeout, lost connection, negative confirm, stop). Ask again with the same message.
 */
export type Outcome = 'not-executed' | 'refused' | 'failed' | 'unknown'

/** What a {@link PosthornError} carries besides its code and its text. */
export interface PosthornErrorOptions {
  readonly cause?: unknown
  readonly outcome?: Outcome
  /** True when the same call may succeed later without anybody changing anything. Default false. */
  readonly retryable?: boolean
  /** Facts for logs and programs. Never secrets, never payloads. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * Every error that Posthorn raises itself. Tell them apart by `code` (listed in `docs/reference/error-codes.md`),
 * never by `message`, which is for people and may change.
 */
export class PosthornError<C extends string = string> extends Error {
  readonly code: C
  readonly outcome: Outcome | undefined
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: C, message: string, options: PosthornErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'PosthornError'
    this.code = code
    this.outcome = options.outcome
    this.retryable = options.retryable ?? false
    this.details = Object.freeze({ ...options.details })
  }
}
