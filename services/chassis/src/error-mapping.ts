import { STATUS_CODES } from 'node:http'
import { DeclaredError, PosthornError, ValidationFailed } from '@posthorn/core'
import type { ProblemDetails } from './problem.ts'

/** The HTTP status of each error that a contract declares. */
export type StatusTable = Readonly<Record<string, number>>

const STATUS_OF_CODE: StatusTable = {
  ValidationFailed: 400,
  NotFound: 404,
  IdempotencyKeyReuse: 422,
  Overloaded: 503,
  Stopping: 503,
}

const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'MalformedRequest',
  404: 'NotFound',
  408: 'RequestTimeout',
  413: 'PayloadTooLarge',
  414: 'UriTooLong',
  415: 'UnsupportedMediaType',
  503: 'Unavailable',
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
    if (error.retryable) return { ...details(503, error.code, 'Not now; try again.'), errorId }
  }
  const { validation, statusCode, message } = Object(error) as FrameworkError
  if (validation !== undefined) {
    const errors = validation.map((fault) => ({
      path: fault.instancePath.slice(1).replaceAll('/', '.'),
      message: fault.message ?? 'is not valid',
    }))
    return { ...details(400, 'ValidationFailed', 'The request is not valid.'), errors }
  }
  const code = CODE_OF_STATUS[statusCode ?? 500]
  if (statusCode === 503) return { ...details(503, 'Unavailable', 'Not now; try again.'), errorId }
  if (statusCode !== undefined && code !== undefined) return details(statusCode, code, message)
  return { ...details(500, 'InternalError', 'The service failed; its log tells more.'), errorId }
}

/** What fastify's own errors have. */
interface FrameworkError {
  readonly validation?: readonly { readonly instancePath: string; readonly message?: string }[]
  readonly statusCode?: number
  readonly message: string
}

function details(status: number, code: string, detail: string): ProblemDetails {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail }
}
