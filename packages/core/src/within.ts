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
  readonly outer: readonly AbortSignal[]
}

/**
 * Gives work a time limit and a signal of its own, which is aborted when the time is over or an outer signal is.
 *
 * @throws {PosthornError} `HandlerTimeout` (unknown) when the time is over, whatever the work does then
 */
export async function withinLimit<T>(
  clock: Clock,
  { handler, ms, outer }: HandlerLimit,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const unlink = outer.map((signal) => linkTo(signal, controller))
  let cancel: () => void = () => undefined
  const expired = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => {
      const error = new PosthornError(
        'HandlerTimeout',
        `${handler} did not finish within ${ms} ms; make it faster or raise its limit`,
        { outcome: 'unknown', retryable: true, details: { handler, ms } },
      )
      controller.abort(error)
      reject(error)
    })
  })
  try {
    return await Promise.race([work(controller.signal), expired])
  } finally {
    cancel()
    for (const end of unlink) end()
  }
}

/** `AbortSignal.any` would keep what it links alive as long as a source lives, and a bus's own lives long. */
function linkTo(signal: AbortSignal, controller: AbortController): () => void {
  const abort = () => controller.abort(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}
