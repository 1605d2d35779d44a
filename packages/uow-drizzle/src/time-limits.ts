import type { UnitOptions } from '@posthorn/core'

/** Longer than this no timer waits, in ms. */
const LONGEST_TIMER = 2 ** 31 - 1

const STATEMENT_TIMEOUT = 10_000
const LOCK_TIMEOUT = 5_000

/** The statements that set a transaction's limits in the server. */
export function timeLimits({
  statementTimeout = STATEMENT_TIMEOUT,
  lockTimeout = LOCK_TIMEOUT,
  idleTimeout = 30_000,
}: UnitOptions): string {
  return [
    `set local statement_timeout = ${Math.round(statementTimeout)}`,
    `set local lock_timeout = ${Math.round(lockTimeout)}`,
    `set local idle_in_transaction_session_timeout = ${Math.round(idleTimeout)}`,
  ].join('; ')
}

/** How long the server may be silent, in ms: beyond its own limits. To Postgres 0 means no limit. */
export function longestSilence(options: UnitOptions, patience: number): number {
  const { statementTimeout = STATEMENT_TIMEOUT, lockTimeout = LOCK_TIMEOUT } = options
  if (Math.round(statementTimeout) === 0) return LONGEST_TIMER
  return Math.min(statementTimeout + lockTimeout + patience, LONGEST_TIMER)
}
