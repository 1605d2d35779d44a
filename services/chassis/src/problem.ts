import { z } from 'zod'

/** An error as HTTP tells it (RFC 9457): `code` is for programs, `detail` for people. */
export const problemDetails = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('every fault of the request, with where it is'),
  errorId: z.string().optional().describe('under which the log tells more'),
})

export type ProblemDetails = z.output<typeof problemDetails>

export const PROBLEM_JSON = 'application/problem+json'

/** Declares an error response of a route. */
export function problem(description: string) {
  return { description, content: { [PROBLEM_JSON]: { schema: problemDetails } } }
}

/** The error responses that any route may give. */
export const commonProblems = {
  400: problem('The request is not valid; `errors` lists every fault'),
  500: problem('An error of the service; its log tells more under `errorId`'),
  503: problem('Not now: overloaded, stopping or without a database. Try again after `Retry-After` seconds'),
} as const

/** And one that takes a body, or an `Idempotency-Key`. */
export const commandProblems = {
  ...commonProblems,
  413: problem('The body is larger than 64 KiB'),
  415: problem('The body is no JSON in UTF-8, or is compressed'),
  422: problem('The `Idempotency-Key` was used for another request'),
} as const
