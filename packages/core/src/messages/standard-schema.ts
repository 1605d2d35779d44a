/**
 * The Standard Schema interface, version 1, as published at https://standardschema.dev: what zod, valibot and arktype
 * schemas all have. Copied, as the specification invites, so that core depends on nothing.
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

export type SchemaInput<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['input']
export type SchemaOutput<S extends StandardSchemaV1> = NonNullable<S['~standard']['types']>['output']

export function isSchema(value: unknown): value is StandardSchemaV1 {
  const standard: unknown = Object(value)['~standard']
  return typeof standard === 'object' && standard !== null && 'validate' in standard
}
