import type { StandardSchemaV1 } from './standard-schema.ts'
import { at, type Issue, orInvalid, ValidationFailed, validate } from './validate.ts'

/** How deep objects and arrays may be nested, in what is made and in what is received. */
export const MAX_DEPTH = 32

/**
 * The schema's output for a value, deeply frozen, and such as JSON carries. What JSON would drop or turn into something
 * else (NaN, a Map, a bigint, an invalid Date, what holds itself) is an issue like any other: here it is told to whoever
 * makes the message, later only to those who receive it.
 *
 * @param mayBeNothing whether the whole may be `undefined`: a message has a body, an error need not have data
 * @throws as {@link validate}
 */
export function payloadOf<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  subject: string,
  mayBeNothing = false,
): Output {
  const payload = validate(schema, value, subject)
  if (payload === undefined && mayBeNothing) return payload
  const freezer = new Freezer()
  orInvalid(subject, 'reading it', () => freezer.freeze(payload))
  if (freezer.issues.length > 0) throw new ValidationFailed(subject, freezer.issues)
  return payload
}

/** Freezes a value and all that it holds, and notes what JSON has no word for. What has a `toJSON` is left as it is. */
class Freezer {
  readonly issues: Issue[] = []
  readonly #path: PropertyKey[] = []
  /** How many levels an object has, itself included; 0 until all of it has been read: whoever holds it then is held by it. */
  #levels: Map<object, number> | undefined

  /** Gives the levels of the value. What holds objects and stands in several places is read once, and counts in each. */
  freeze(value: unknown): number {
    const isObject = typeof value === 'object' && value !== null
    const known = isObject ? this.#levels?.get(value) : undefined
    const fault = known === 0 ? 'holds itself' : faultOf(value, this.#path.length + (known ?? 1))
    if (fault !== undefined) this.issues.push({ path: this.#path.reduce(at, ''), message: fault })
    if (!isObject) return 0
    if (known !== undefined || fault !== undefined || speaksForItself(value)) return known ?? 1
    const deepest = Array.isArray(value) ? this.#freezeItems(value) : this.#freezeProperties(value)
    this.#levels?.set(value, deepest + 1)
    Object.freeze(value)
    return deepest + 1
  }

  #freezeItems(array: readonly unknown[]): number {
    let deepest = 0
    for (let index = 0; index < array.length; index++) {
      deepest = Math.max(deepest, this.#freezeHeld(array, index, array[index]))
    }
    return deepest
  }

  #freezeProperties(holder: object): number {
    let deepest = 0
    for (const key of Object.keys(holder)) {
      const held = (holder as Readonly<Record<string, unknown>>)[key]
      if (held !== undefined) deepest = Math.max(deepest, this.#freezeHeld(holder, key, held))
    }
    return deepest
  }

  #freezeHeld(holder: object, key: PropertyKey, held: unknown): number {
    if (typeof held === 'object' && held !== null) {
      this.#levels ??= new Map()
      this.#levels.set(holder, 0)
    }
    this.#path.push(key)
    const levels = this.freeze(held)
    this.#path.pop()
    return levels
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
