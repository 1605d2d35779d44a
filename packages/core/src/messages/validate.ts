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

  constructor(subject: string, issues: readonly Issue[], outcome: Outcome = 'not-executed') {
    const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
    super('ValidationFailed', `${subject} is not valid: ${list}`, { outcome, details: { subject } })
    this.name = 'ValidationFailed'
    this.issues = issues
  }
}

/**
 * The schema's output for a value.
 *
 * @param subject names the value in the error, for example `payload of allocation.Allocate`
 * @throws {ValidationFailed} with all issues and their paths
 * @throws {PosthornError} `InvalidDefinition` when the schema is asynchronous: messages are made in one step
 */
export function validate<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  subject: string,
): Output {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    result.catch(() => undefined)
    throw new PosthornError(
      'InvalidDefinition',
      `The schema for the ${subject} is asynchronous; messages need schemas that validate in one step`,
    )
  }
  if (result.issues === undefined) return result.value
  throw new ValidationFailed(
    subject,
    result.issues.map((issue) => ({ path: pathText(issue.path), message: issue.message })),
  )
}

function pathText(path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> = []): string {
  return path.reduce<string>((text, segment) => {
    const key = typeof segment === 'object' ? segment.key : segment
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}
