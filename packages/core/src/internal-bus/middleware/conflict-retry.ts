import type { Clock } from '../../clock.ts'
import { retryConflicts } from '../../unit-of-work/retry-conflicts.ts'
import type { RetryPolicy } from '../../unit-of-work/unit-of-work.ts'
import type { Middleware } from '../middleware.ts'

/**
 * Runs a handler again, in a fresh unit of work, when another unit got in its way. Nothing else is retried here: that
 * is for whoever delivered the message, or attempts would multiply.
 */
export function conflictRetry(policy: RetryPolicy | undefined, clock: Clock): Middleware {
  return (_call, next) => retryConflicts(policy, clock, () => next())
}
