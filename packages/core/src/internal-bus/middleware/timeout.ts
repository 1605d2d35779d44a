import { type Abort, abortOf, withSignal } from '../../abort.ts'
import type { Clock } from '../../clock.ts'
import { withinLimit } from '../../within.ts'
import type { Middleware } from '../middleware.ts'

/**
 * Gives a handler `ms` milliseconds, retries included. When they are over its signal is aborted, so that its unit of
 * work rolls back, and the call rejects with `HandlerTimeout`, whatever the handler does then. The signal is aborted too
 * when the call's own is, or `stopping` is.
 */
export function timeout(ms: number, clock: Clock, stopping: () => Abort): Middleware {
  return ({ handler, context }, next) => {
    const outer = () => [abortOf(context), stopping()].filter((abort) => abort !== undefined)
    return withinLimit(clock, { handler, ms, outer }, (limited) => {
      const { caller, redelivered, attempt, dependencies } = context
      return next(withSignal({ caller, redelivered, attempt, dependencies }, limited))
    })
  }
}
