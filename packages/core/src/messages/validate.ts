import { type Outcome, PosthornError } from '../errors.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'

/** One thing wrong with a value: where (`''` is the value itself, else `lines[0].sku`) and what. */
export interface Issue {
  readonly path: string
  readonly message: string
}

/** A payload, result or error does not fit its schema. `issues` holds every fault found, not just the first. */
export class ValidationFailed extends PosthornError<'ValidationFailed'> {
  readonly issues: readonly Issue[]

  constructor(subject: string, issues: readonly Issue[], outcome: Outcome = 'not-executed', cause?: unknown) {
    const text = `${subject} is not valid: ${issueList(issues)}`
    super('ValidationFailed', text, { outcome, details: { subject }, cause })
    this.name = 'ValidationFailed'
    this.issues = issues
  }
}

/** For people: a stranger decides how many faults there are, and how long the names in them. */
function issueList(issues: readonly Issue[]): string {
  const lines = issues
    .slice(0, 20)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`).slice(0, 200))
  const more = issues.length - lines.length
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/**
 * The schema's output for a value.
 *
 * @param subject names the value in the error, for example `payload of allocation.Allocate`
 * @throws {ValidationFailed} with all issues and their paths; also when the schema throws
 * @throws {PosthornError} `InvalidDefinition` when the schema gives a promise: messages are made in one step. Zod does
 * so too when a function in a schema throws
 */
export function validate<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  subject: string,
): Output {
  const result = orInvalid(subject, 'its schema', () => schema['~standard'].validate(value))
  if (result instanceof Promise) {
    result.catch(() => undefined)
    throw new PosthornError(
      'InvalidDefinition',
      `The schema for the ${subject} is asynchronous, or a function in it threw; messages need schemas that validate in one step and report what is wrong`,
    )
  }
  if (result.issues === undefined) return result.value
  throw new ValidationFailed(
    subject,
    result.issues.map((issue) => ({ path: pathText(issue.path), message: issue.message })),
  )
}

/**
 * What a function of the contract gives for a value from anywhere.
 *
 * @param what names the function
 * @throws {ValidationFailed} when it throws: the value is not one that it can take
 */
export function orInvalid<T>(subject: string, what: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new ValidationFailed(subject, [{ path: '', message: `${what} threw` }], 'not-executed', cause)
  }
}

/** `at('lines', 0)` is `lines[0]`, `at('lines[0]', 'sku')` is `lines[0].sku`. */
export function at(path: string, key: PropertyKey): string {
  if (typeof key === 'number') return `${path}[${key}]`
  return path === '' ? String(key) : `${path}.${String(key)}`
}

function pathText(path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> = []): string {
  return path.reduce<string>(
    (text, segment) => at(text, typeof segment === 'object' ? segment.key : segment),
    '',
  )
}
