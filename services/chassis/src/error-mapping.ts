import { STATUS_CODES } from 'node:http'
import { DeclaredError, PosthornError, ValidationFailed } from '@posthorn/core'
import type { ProblemDetails } from './problem.ts'

/** The HTTP status of each error that a contract declares. */
export type StatusTable = Readonly<Record<string, number>>

const STATUS_OF_CODE: StatusTable = {
  IdempotencyKeyReuse: 422,
  MalformedRequest: 400,
  MethodNotAllowed: 405,
  NotFound: 404,
  Overloaded: 503,
  Stopping: 503,
  UnsupportedMediaType: 415,
  ValidationFailed: 400,
}

const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'MalformedRequest',
  404: 'NotFound',
  408: 'RequestTimeout',
  413: 'PayloadTooLarge',
  414: 'UriTooLong',
  415: 'UnsupportedMediaType',
  417: 'ExpectationFailed',
  431: 'HeaderTooLarge',
  503: 'Unavailable',
}

/** In our words what fastify says in its own, some of which quote the request. */
const DETAIL_OF_CODE: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'The path is not percent-encoded UTF-8.',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is larger than 64 KiB.',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty; JSON was announced.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as was announced.',
  FST_ERR_CTP_INVALID_JSON_BODY: 'The body is not valid JSON.',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'The body must be JSON, and announced as application/json.',
  FST_ERR_MAX_PARAM_LENGTH: 'A part of the path is too long.',
}

/** Only what is meant for the caller leaves; of everything else the answer is an `errorId` to look up in the log. */
export function problemOf(error: unknown, statuses: StatusTable, errorId: string): ProblemDetails {
  if (error instanceof DeclaredError) {
    return details(statuses[error.name] ?? 500, error.name, error.message)
  }
  if (error instanceof ValidationFailed) {
    return { ...details(400, error.code, 'The request is not valid.'), errors: [...error.issues] }
  }
  if (error instanceof PosthornError) {
    const status = STATUS_OF_CODE[error.code]
    if (status !== undefined) return details(status, error.code, error.message)
  }
  const passing = passingTrouble(error)
  if (passing !== undefined) return { ...details(503, passing.code, 'Not now; try again.'), errorId }
  const { code = '', statusCode = 500, message } = Object(error) as FrameworkError
  if (statusCode === 503) return { ...details(503, 'Unavailable', 'Not now; try again.'), errorId }
  if (statusCode in CODE_OF_STATUS) return problemOfStatus(statusCode, DETAIL_OF_CODE[code] ?? message)
  return { ...details(500, 'InternalError', 'The service failed; its log tells more.'), errorId }
}

/** What may be gone the next time, also where a library has wrapped it into an error of its own. */
function passingTrouble(error: unknown): PosthornError | undefined {
  const seen = new Set<unknown>()
  for (let one = error; one instanceof Error && !seen.has(one); one = one.cause) {
    if (one instanceof PosthornError) return one.retryable ? one : undefined
    seen.add(one)
  }
  return undefined
}

/** For one of the statuses that need no error: what is wrong lies in HTTP itself. */
export function problemOfStatus(status: number, detail: string): ProblemDetails {
  return details(status, CODE_OF_STATUS[status] ?? 'InternalError', detail)
}

/** What fastify's own errors have. */
interface FrameworkError {
  readonly code?: string
  readonly statusCode?: number
  readonly message: string
}

function details(status: number, code: string, detail: string): ProblemDetails {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail }
}
