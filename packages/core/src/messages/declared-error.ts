import { PosthornError } from '../errors.ts'
import { payloadOf } from './payload.ts'
import type { StandardSchemaV1 } from './standard-schema.ts'

/**
 * An error that a command's contract declares. It crosses the wire as `{domain, name, data}` and is raised again at the
 * caller as an instance of the same class: `catch (error) { if (error instanceof allocation.errors.InvalidSku) … }`.
 */
export class DeclaredError<N extends string = string, T = unknown> extends PosthornError<'DeclaredError'> {
  readonly domain: string
  readonly data: T
  declare readonly name: N

  constructor(domain: string, name: N, data: T, message: string, cause?: unknown) {
    super('DeclaredError', message, { outcome: 'failed', ...(cause === undefined ? {} : { cause }) })
    this.domain = domain
    this.name = name
    this.data = data
  }
}

/** The class of one declared error. The constructor validates its data. */
export interface DeclaredErrorClass<N extends string = string, T = unknown, I = T> {
  new (data: I, options?: { readonly cause?: unknown }): DeclaredError<N, T>
  readonly domain: string
  readonly errorName: N
  readonly dataSchema: StandardSchemaV1
}

// biome-ignore lint/suspicious/noExplicitAny: only `any` accepts every class's data in a type parameter's bound
export type AnyErrorClass = DeclaredErrorClass<string, any, any>

/** How a contract declares an error: the schema of its data and, if wanted, a text for people made from the data. */
export interface ErrorSpec<S extends StandardSchemaV1 = StandardSchemaV1> {
  readonly data: S
  readonly message: ((data: never) => string) | undefined
}

export function declaredErrorClass(domain: string, name: string, spec: ErrorSpec): DeclaredErrorClass {
  const text = spec.message as ((data: unknown) => string) | undefined
  return class extends DeclaredError {
    static readonly domain = domain
    static readonly errorName = name
    static readonly dataSchema = spec.data

    constructor(input: unknown, options: { readonly cause?: unknown } = {}) {
      const data = payloadOf(spec.data, input, `data of error ${domain}.${name}`, true)
      super(
        domain,
        name,
        data,
        text?.(data) ?? `${domain} refused: ${name} ${JSON.stringify(data)}`,
        options.cause,
      )
    }
  }
}
