import { type Abort, Aborter, type Signalled } from './abort.ts'
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
  readonly outer: () => readonly Abort[]
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

/** Has nothing made that nobody asks for: most handlers never look whether they shall end. */
class Limited implements Abort, Signalled {
  readonly #limit: HandlerLimit
  #aborter: Aborter | undefined
  #unlink: readonly (() => void)[] | undefined
  #expired: PosthornError | undefined
  #ended = false

  constructor(limit: HandlerLimit) {
    this.#limit = limit
  }

  get aborted(): boolean {
    return this.#linked().aborted
  }

  get reason(): unknown {
    return this.#linked().reason
  }

  get signal(): AbortSignal {
    return this.#linked().signal
  }

  onAbort(listener: () => void): () => void {
    return this.#linked().onAbort(listener)
  }

  expire(): PosthornError {
    const { handler, ms } = this.#limit
    this.#expired = new PosthornError(
      'HandlerTimeout',
      `${handler} did not finish within ${ms} ms; make it faster or raise its limit`,
      { outcome: 'unknown', retryable: true, details: { handler, ms } },
    )
    this.#aborter?.abort(this.#expired)
    return this.#expired
  }

  end(): void {
    this.#ended = true
    for (const unlink of this.#unlink ?? []) unlink()
  }

  #linked(): Aborter {
    if (this.#aborter !== undefined) return this.#aborter
    const aborter = new Aborter()
    this.#aborter = aborter
    if (this.#expired !== undefined) aborter.abort(this.#expired)
    else if (!this.#ended) this.#unlink = this.#limit.outer().map((outer) => link(outer, aborter))
    return aborter
  }
}

function link(outer: Abort, aborter: Aborter): () => void {
  const abort = () => aborter.abort(outer.reason)
  if (outer.aborted) abort()
  return outer.onAbort(abort)
}
