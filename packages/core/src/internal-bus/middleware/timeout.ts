import type { Clock } from '../../clock.ts'
import { PosthornError } from '../../errors.ts'
import type { Middleware } from '../middleware.ts'

/**
 * Gives a handler `ms` milliseconds, retries included. When they are over its signal is aborted, so that its unit of
 * work rolls back, and the call rejects with `HandlerTimeout`, whatever the handler does then. The signal is aborted too
 * when the call's own is, or the one that `stopping` gives.
 */
export function timeout(ms: number, clock: Clock, stopping: () => AbortSignal): Middleware {
  return async (call, next) => {
    const controller = new AbortController()
    const unlink = [call.context.signal, stopping()].map((signal) => linkTo(signal, controller))
    let cancel: () => void = () => undefined
    const expired = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(ms, () => {
        const error = new PosthornError(
          'HandlerTimeout',
          `${call.handler} did not finish within ${ms} ms; make it faster or raise handlerTimeout`,
          { outcome: 'unknown', retryable: true, details: { handler: call.handler, ms } },
        )
        controller.abort(error)
        reject(error)
      })
    })
    try {
      return await Promise.race([next({ ...call.context, signal: controller.signal }), expired])
    } finally {
      cancel()
      for (const end of unlink) end()
    }
  }
}

/** `AbortSignal.any` would keep what it links alive as long as a source lives, and the bus' own lives long. */
function linkTo(signal: AbortSignal, controller: AbortController): () => void {
  const abort = () => controller.abort(signal.reason)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  return () => signal.removeEventListener('abort', abort)
}
