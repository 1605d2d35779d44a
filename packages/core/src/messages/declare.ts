import type { ErrorSpec } from './declared-error.ts'
import type { CommandSpec, ErrorSpecs, EventSpec, Upcasters } from './definitions.ts'
import type { SchemaOutput, StandardSchemaV1 } from './standard-schema.ts'

/**
 * Declares a command for {@link defineDomain}.
 *
 * - `output`: the result's schema; without it the command gives nothing.
 * - `errors`: the errors a caller may get back as such, by name.
 * - `allow`: the domains and clients that may call it. Absent or empty means nobody outside the domain.
 * - `version` (default 1) and `from`: see {@link Upcasters}.
 */
export function command<
  I extends StandardSchemaV1,
  O extends StandardSchemaV1 = StandardSchemaV1<undefined, undefined>,
  E extends ErrorSpecs = Record<never, never>,
  const A extends string = never,
>(spec: {
  readonly input: I
  readonly output?: O
  readonly errors?: E
  readonly allow?: readonly Literal<A>[]
  readonly key?: (payload: SchemaOutput<I>) => string
  readonly version?: number
  readonly from?: Upcasters
}): CommandSpec<I, O, E, A> {
  return {
    kind: 'command',
    input: spec.input,
    output: spec.output,
    errors: spec.errors ?? ({} as E),
    allow: (spec.allow ?? []) as readonly A[],
    key: spec.key as CommandSpec['key'],
    version: spec.version ?? 1,
    from: spec.from ?? {},
  }
}

/** A list typed `string[]` would allow everybody; only names that the compiler can see will do. */
type Literal<A extends string> = string extends A ? never : A

/**
 * Declares an event for {@link defineDomain}. Events with the same `key` keep their order on the way to a subscriber;
 * a `private` one never leaves its domain.
 */
export function event<S extends StandardSchemaV1>(
  payload: S,
  options: {
    readonly key?: (payload: SchemaOutput<S>) => string
    readonly private?: boolean
    readonly version?: number
    readonly from?: Upcasters
  } = {},
): EventSpec<S> {
  return {
    kind: 'event',
    payload,
    private: options.private ?? false,
    key: options.key as EventSpec['key'],
    version: options.version ?? 1,
    from: options.from ?? {},
  }
}

/** Declares an error with a text for people: `failure(z.object({ sku }), ({ sku }) => `Invalid sku ${sku}`)`. */
export function failure<S extends StandardSchemaV1>(
  data: S,
  message: (data: SchemaOutput<S>) => string,
): ErrorSpec<S> {
  return { data, message: message as ErrorSpec['message'] }
}
