import { PosthornError } from '@posthorn/core'

/** A parameter as drizzle hands it over, mapped by its column. */
export type Parameter = string | number | boolean | null | Uint8Array

/** As many as one statement can have. */
const MOST = 65_533

/** As long as one may be, in characters or bytes: twice as many are too many for the client. */
const LONGEST = 2 ** 27

/**
 * The parameters as postgres.js is able to send them; times as ISO 8601. What it cannot send would be no error of its
 * statement alone: postgres.js 3.4 then gives statements each other's answers.
 *
 * @throws {PosthornError} `InvalidParameter` (not executed)
 */
export function checkParameters(parameters: readonly unknown[]): Parameter[] {
  if (parameters.length > MOST) {
    throw invalidParameter(`${parameters.length} parameters are more than ${MOST}; write fewer rows at once`)
  }
  return parameters.map((value, index) => {
    if (isParameter(value)) {
      if (sizeOf(value) <= LONGEST) return value
      throw invalidParameter(
        `Parameter $${index + 1} is longer than ${LONGEST}; store it elsewhere, or in pieces`,
      )
    }
    if (typeof value === 'bigint') return String(value)
    if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
    throw invalidParameter(
      `Parameter $${index + 1} is ${kindOf(value)}; a column’s type maps such values, in SQL of your own do it yourself`,
    )
  })
}

function isParameter(value: unknown): value is Parameter {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return true
    default:
      return value === null || value instanceof Uint8Array
  }
}

function sizeOf(value: Parameter): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 0
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value
  return value instanceof Date ? 'an invalid Date' : `a ${value.constructor?.name ?? 'value without a class'}`
}

function invalidParameter(message: string): PosthornError<'InvalidParameter'> {
  return new PosthornError('InvalidParameter', message, { outcome: 'not-executed' })
}
