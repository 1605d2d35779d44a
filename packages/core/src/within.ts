import type { Clock } from './clock.ts'
import { PosthornError } from './errors.ts'

/** Whether a promise settles within `ms`. Its error is somebody else's to handle. */
export function settlesWithin(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false))
    const settled = () => {
      cancel()
      resolve(true)
    }
    promise.then(settled, settled)
  })
}

export interface HandlerLimit {
  /** What is named when the time is over. */
  readonly handler: string
  readonly ms: number
  /** Abort the work too, which then says itself how it ends. */
  readonly outer: () => readonly AbortSignal[]
}

/** What has a signal. To make one takes longer than all else that a bus does for a message: it is made when asked for. */
export interface Signalled {
  readonly signal: AbortSignal
}

/**
 * Gives work a time limit and a signal of its own, which is aborted when the time is over or an outer signal is.
 *
 * @throws {PosthornError} `HandlerTimeout` (unknown) when the time is over, whatever the work does then
 */
export function withinLimit<T>(
  clock: Clock,
  limit: HandlerLimit,
  work: (limited: Signalled) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const limited = new Limited(limit)
    const cancel = clock.after(limit.ms, () => reject(limited.expire()))
    const end = () => {
      cancel()
      limited.end()
    }
    begun(work, limited).then(
      (result) => {
        end()
        resolve(result)
      },
      (error: unknown) => {
        end()
        reject(error)
      },
    )
  })
}

/** What work gives, a promise too when it throws at once. */
function begun<T>(work: (limited: Signalled) => Promise<T>, limited: Signalled): Promise<T> {
  try {
    return work(limited)
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Gives an object just made the signal of another, still unmade. */
export function withSignal<T extends object>(made: T, source: Signalled): T & Signalled {
  // A symbol and a getter that all share, so that all have one hidden class.
  ;(made as { [SOURCE]?: Signalled })[SOURCE] = source
  return Object.defineProperty(made, 'signal', FROM_SOURCE) as T & Signalled
}

const SOURCE = Symbol('source')

const FROM_SOURCE: PropertyDescriptor = {
  enumerable: true,
  configurable: true,
  get(this: { readonly [SOURCE]: Signalled }) {
    return this[SOURCE].signal
  },
}

class Limited implements Signalled {
  readonly #limit: HandlerLimit
  #controller: AbortController | undefined
  #unlink: readonly (() => void)[] | undefined
  #expired: PosthornError | undefined
  #ended = false

  constructor(limit: HandlerLimit) {
    this.#limit = limit
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#control()
    return this.#controller.signal
  }

  expire(): PosthornError {
    const { handler, ms } = this.#limit
    this.#expired = new PosthornError(
      'HandlerTimeout',
      `${handler} did not finish within ${ms} ms; make it faster or raise its limit`,
      { outcome: 'unknown', retryable: true, details: { handler, ms } },
    )
    this.#controller?.abort(this.#expired)
    return this.#expired
  }

  end(): void {
    this.#ended = true
    for (const unlink of this.#unlink ?? []) unlink()
  }

  #control(): AbortController {
    const controller = new AbortController()
    if (this.#expired !== undefined) controller.abort(this.#expired)
    else if (!this.#ended) this.#unlink = this.#limit.outer().map((signal) => linkTo(signal, controller))
    return controller
  }
}

/** `AbortSignal.any` would keep what it links alive as long as a source lives, and a bus's own lives long. */
function linkTo(signal: AbortSignal, controller: AbortController): () => void {
  const abort = () => controller.abort(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}
