import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import type { RetryPolicy } from './unit-of-work.ts'

const CONFLICTS: ReadonlySet<string> = new Set([
  'ConcurrencyConflict',
  'SerializationConflict',
  'ConnectionLost',
])

/** Eight workers on one row: 1.7 % of the transactions still fail, against 45 % with three attempts. */
const DEFAULT_POLICY: RetryPolicy = { attempts: 8, base: 4, cap: 60 }

/**
 * Runs `work` until it ends otherwise than with a conflict, at most `policy.attempts` times. Each attempt must begin a
 * unit of work of its own. The last conflict is thrown as it is.
 *
 * @param work is told which attempt it is, from 1
 * @param random from 0 up to 1
 */
export async function retryConflicts<T>(
  policy: RetryPolicy = DEFAULT_POLICY,
  clock: Clock,
  work: (attempt: number) => Promise<T>,
  random: () => number = Math.random,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      if (attempt >= policy.attempts || !isConflict(error)) throw error
    }
    const longest = Math.min(policy.cap, policy.base * 2 ** (attempt - 1))
    await new Promise<void>((resolve) => clock.after(random() * longest, resolve))
  }
}

/**
 * Whether an error, or what caused an error that is none of ours, is a conflict. A broker's `ConnectionLost` is none, nor
 * that of a statement by itself: their outcome is `unknown`, that of a unit of work `failed`.
 */
function isConflict(error: unknown): boolean {
  if (error instanceof PosthornError) return error.outcome === 'failed' && CONFLICTS.has(error.code)
  return error instanceof Error && error.cause !== undefined && isConflict(error.cause)
}
