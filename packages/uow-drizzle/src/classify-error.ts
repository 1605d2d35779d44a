import { PosthornError } from '@posthorn/core'
import { readOnlyUnit, serializationConflict } from '@posthorn/core/storage'
import postgres from 'postgres'

/** What Postgres or its client calls an error, whoever wrapped it: an SQLSTATE, or a code like `CONNECTION_CLOSED`. */
export function errorCode(error: unknown): string | undefined {
  for (const link of causes(error)) {
    const { code } = link as { readonly code?: unknown }
    if (typeof code === 'string' && !(link instanceof PosthornError)) return code
  }
  return undefined
}

/** Serialization failure, deadlock, lock not available. */
const CONFLICTS: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])

/** No such user for this database from here, or another password. */
const REFUSED: ReadonlySet<string> = new Set(['28000', '28P01'])

/** Says a transaction that was begun to read, or a server that takes no writes: a standby, perhaps since a moment ago. */
const READ_ONLY = '25006'

/** Shutdown, crash, starting up, no writes, too many connections, idle timeouts; class 08 is below. */
const LOST: ReadonlySet<string> = new Set([
  READ_ONLY,
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '53300',
  '25P03',
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECTION_ENDED',
  'CONNECT_TIMEOUT',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'EMFILE',
  'ENFILE',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
])

/** Whether no statement is to be expected to succeed on this connection any more. */
export function isConnectionError(error: unknown): boolean {
  const code = errorCode(error)
  return code !== undefined && (LOST.has(code) || /^08...$/.test(code))
}

/** Whether it is an answer, and not the client's own or the connection's. */
export function isSaidByServer(error: unknown): boolean {
  return causes(error).some((link) => link instanceof postgres.PostgresError)
}

/** A connection error, or the client itself has failed, whose state nobody knows then. */
export function isLoss(error: unknown): boolean {
  return isConnectionError(error) || !isSaidByServer(error)
}

/** What Postgres says of a prepared statement that it knew, and that it cannot run since the schema is another one. */
export function staleStatement(error: unknown): PosthornError<'SerializationConflict'> {
  return serializationConflict('A statement was prepared before the schema was changed', error)
}

export function isStaleStatement(error: unknown): boolean {
  return error instanceof PosthornError && error.code === 'SerializationConflict'
}

/** Node's words for a certificate that will not do, on either side, or for what is no TLS. */
const TLS_CODE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT))/

/**
 * The error as Posthorn names it, whoever wrapped it; one that has no name of ours stays as it is.
 *
 * @returns `SerializationConflict`, `ConnectionLost`, `AccessRefused`, or the error itself
 */
export function classifyError(error: unknown): unknown {
  for (const link of causes(error)) if (link instanceof PosthornError) return link
  const code = errorCode(error)
  if (code === undefined) return error
  if (CONFLICTS.has(code)) return serializationConflict(`Postgres reports ${code}`, error)
  if (REFUSED.has(code)) return accessRefused(error)
  if (isConnectionError(error)) return connectionLost(error)
  if (TLS_CODE.test(code)) return untrusted(error)
  return error
}

/**
 * The same for a statement that was sent outside any transaction: when its connection is lost before the answer comes, it
 * may have been executed, and then it is committed.
 *
 * @returns as {@link classifyError}; `ConnectionLost` has the outcome `unknown`, unless the server itself refused
 */
export function classifyStatementError(error: unknown): unknown {
  const unanswered = isConnectionError(error) && errorCode(error) !== READ_ONLY
  return unanswered ? answerLost(error) : classifyError(error)
}

/** `ReadOnlyUnit`, when that is what an error in a transaction says that was begun to read. */
export function asReadOnlyUnit(error: unknown): unknown {
  return errorCode(error) === READ_ONLY ? readOnlyUnit(error) : undefined
}

/** Nothing was written: the transaction ended with its connection. */
export function connectionLost(cause: unknown): PosthornError<'ConnectionLost'> {
  return new PosthornError(
    'ConnectionLost',
    `The connection to Postgres was lost or refused (${errorCode(cause) ?? 'no reason given'}); nothing was written`,
    { outcome: 'failed', retryable: true, cause },
  )
}

function answerLost(cause: unknown): PosthornError<'ConnectionLost'> {
  return new PosthornError(
    'ConnectionLost',
    `Postgres was lost (${errorCode(cause)}) before it answered a statement, which may have been executed`,
    { outcome: 'unknown', retryable: true, cause },
  )
}

function accessRefused(cause: unknown): PosthornError<'AccessRefused'> {
  return new PosthornError(
    'AccessRefused',
    `Postgres does not let the driver’s user in: ${sayingOf(cause)}`,
    { outcome: 'not-executed', retryable: false, cause },
  )
}

/** What the first error with a code says. */
function sayingOf(error: unknown): string {
  const link = causes(error).find((one) => 'code' in one) as { message?: string; reason?: string } | undefined
  return link?.reason ?? link?.message ?? 'no reason given'
}

/** Nothing but the certificates, or those who set them up, can mend it. */
function untrusted(cause: unknown): PosthornError<'ConnectionLost'> {
  return new PosthornError('ConnectionLost', `Postgres was not spoken to: TLS failed: ${sayingOf(cause)}`, {
    outcome: 'not-executed',
    retryable: false,
    cause,
  })
}

export function acquireTimeout(ms: number): PosthornError<'AcquireTimeout'> {
  return timeout(
    ms,
    `No connection to Postgres was free within ${ms} ms; look for units that wait for others, or enlarge the pool`,
  )
}

/** There was a connection, but BEGIN got no answer on it. */
export function beginTimeout(ms: number): PosthornError<'AcquireTimeout'> {
  return timeout(
    ms,
    `Postgres did not answer BEGIN within ${ms} ms; look whether it works and can be reached`,
  )
}

function timeout(ms: number, message: string): PosthornError<'AcquireTimeout'> {
  return new PosthornError('AcquireTimeout', message, {
    outcome: 'not-executed',
    retryable: true,
    details: { timeout: ms },
  })
}

export function commitOutcomeUnknown(
  cause: unknown,
  xid: string | undefined,
): PosthornError<'CommitOutcomeUnknown'> {
  return new PosthornError(
    'CommitOutcomeUnknown',
    'The connection to Postgres was lost during the commit: it may have succeeded. Ask again with the same message',
    { outcome: 'unknown', details: { xid: xid ?? null }, cause },
  )
}

const ENDED = 'CONNECTION_ENDED'

/** What a driver says when it is asked for a connection after its end. */
export function driverEnded(): Error {
  return Object.assign(new Error('The driver has been ended'), { code: ENDED })
}

/** Whether the driver has ended, so that nothing will be answered any more. */
export function isEnded(error: unknown): boolean {
  return errorCode(error) === ENDED
}

/** What a connection is lost of that has ended without a word. */
export function closedConnection(): Error {
  return Object.assign(new Error('The connection was closed'), { code: 'CONNECTION_CLOSED' })
}

/** What a connection that gives no answer is lost of. */
export function silentConnection(ms: number): Error {
  return Object.assign(new Error(`Postgres gave no answer for ${ms} ms`), { code: 'ETIMEDOUT' })
}

/** The constraint, and its table, that a unique violation is about. */
export function uniqueViolation(error: unknown): { table: string; constraint: string } | undefined {
  if (errorCode(error) !== '23505') return undefined
  for (const link of causes(error)) {
    // As postgres.js names the fields of an error report.
    const { table_name: table, constraint_name: constraint } = link as Record<string, unknown>
    if (typeof table === 'string' && typeof constraint === 'string') return { table, constraint }
  }
  return undefined
}

function causes(error: unknown): readonly object[] {
  const chain: object[] = []
  let link = error
  while (typeof link === 'object' && link !== null && !chain.includes(link)) {
    chain.push(link)
    link = (link as { readonly cause?: unknown }).cause
  }
  return chain
}
