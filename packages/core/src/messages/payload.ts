import type { StandardSchemaV1 } from './standard-schema.ts'
import { at, type Issue, orInvalid, ValidationFailed, validate } from './validate.ts'

/** How deep objects and arrays may be nested, in what is made and in what is received. */
export const MAX_DEPTH = 32

/**
 * The schema's output for a value, deeply frozen, and such as JSON carries. What JSON would drop or turn into something
 * else (NaN, a Map, a bigint, an invalid Date, what holds itself) is an issue like any other: here it is told to whoever
 * makes the message, later only to those who receive it.
 *
 * @throws as {@link validate}
 */
export function payloadOf<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  subject: string,
): Output {
  const payload = validate(schema, value, subject)
  const freezer = new Freezer()
  orInvalid(subject, 'reading it', () => freezer.freeze(payload, '', 1))
  if (freezer.issues.length > 0) throw new ValidationFailed(subject, freezer.issues)
  return payload
}

/** Freezes a value and all that it holds, and notes what JSON has no word for. What has a `toJSON` is left as it is. */
class Freezer {
  readonly issues: Issue[] = []
  /** Whether all of an object has been read; until then, whoever holds it is held by it. */
  readonly #read = new Map<object, boolean>()

  freeze(value: unknown, path: string, depth: number): void {
    const fault = faultOf(value, depth)
    if (fault !== undefined) this.issues.push({ path, message: fault })
    if (fault !== undefined || typeof value !== 'object' || value === null) return
    const isRead = this.#read.get(value)
    if (isRead === false) this.issues.push({ path, message: 'holds itself' })
    if (isRead !== undefined || speaksForItself(value)) return
    this.#read.set(value, false)
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) this.freeze(value[i], at(path, i), depth + 1)
    } else {
      for (const [key, held] of Object.entries(value)) {
        if (held !== undefined) this.freeze(held, at(path, key), depth + 1)
      }
    }
    this.#read.set(value, true)
    Object.freeze(value)
  }
}

function faultOf(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `${value} has no JSON`
    case 'object':
      return value === null ? undefined : faultOfObject(value, depth)
    default:
      return `${typeof value} has no JSON`
  }
}

function faultOfObject(value: object, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'is no valid date' : undefined
  if (Object.hasOwn(value, '__proto__')) return 'reaches for a prototype'
  return isOpaque(value) ? `${value.constructor.name} has no JSON` : undefined
}

/** A Map, a Set, bytes or an object with private fields only: JSON would show an empty object, or bytes as one. */
function isOpaque(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null || Array.isArray(value)) return false
  return (ArrayBuffer.isView(value) || Object.keys(value).length === 0) && !speaksForItself(value)
}

function speaksForItself(value: object): boolean {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}
