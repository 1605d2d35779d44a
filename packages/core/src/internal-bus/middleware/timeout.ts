import type { Clock } from '../../clock.ts'
import { PosthornError } from '../../errors.ts'
import type { Middleware } from '../middleware.ts'

/**
 * Gives a handler `ms` milliseconds, retries included. When they are over its signal is aborted, so that its unit of
 * work rolls back, and the call rejects with `HandlerTimeout`, whatever the handler does then.
 */
export function timeout(ms: number, clock: Clock): Middleware {
  return (call, next) => {
    const outer = call.context.signal
    const controller = new AbortController()
    const abort = () => controller.abort(outer.reason)
    if (outer.aborted) abort()
    else outer.addEventListener('abort', abort, { once: true })

    return new Promise((resolve, reject) => {
      const cancel = clock.after(ms, () => {
        const error = new PosthornError(
          'HandlerTimeout',
          `${call.handler} did not finish within ${ms} ms; make it faster or raise handlerTimeout`,
          { outcome: 'unknown', retryable: true, details: { handler: call.handler, ms } },
        )
        controller.abort(error)
        reject(error)
      })
      next({ ...call.context, signal: controller.signal })
        .finally(() => {
          cancel()
          outer.removeEventListener('abort', abort)
        })
        .then(resolve, reject)
    })
  }
}
