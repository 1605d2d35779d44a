import type { SchemaOutput, StandardSchemaV1 } from '../../messages/standard-schema.ts'

/** Just enough of a schema library for the suite's contracts: core depends on none. */

export const text = check((value): value is string => typeof value === 'string', 'must be a string')
export const integer = check((value): value is number => Number.isInteger(value), 'must be an integer')

export function object<F extends Readonly<Record<string, StandardSchemaV1>>>(
  fields: F,
): StandardSchemaV1<{ [K in keyof F]: SchemaOutput<F[K]> }> {
  type Output = { [K in keyof F]: SchemaOutput<F[K]> }
  return schema<Output>((value) => {
    if (typeof value !== 'object' || value === null) return { issues: [{ message: 'must be an object' }] }
    const results = Object.entries(fields).map(([key, field]) => {
      const held = (value as Readonly<Record<string, unknown>>)[key]
      const result = field['~standard'].validate(held)
      if (result instanceof Promise) throw new TypeError('toy schemas are synchronous')
      return [key, result] as const
    })
    const issues = results.flatMap(([key, { issues = [] }]) =>
      issues.map((issue) => ({ ...issue, path: [key, ...(issue.path ?? [])] })),
    )
    if (issues.length > 0) return { issues }
    const entries = results.map(([key, result]) => [key, 'value' in result ? result.value : undefined])
    return { value: Object.fromEntries(entries) as Output }
  })
}

function check<T>(accepts: (value: unknown) => value is T, message: string): StandardSchemaV1<T> {
  return schema<T>((value) => (accepts(value) ? { value } : { issues: [{ message }] }))
}

function schema<T>(validate: StandardSchemaV1<T>['~standard']['validate']): StandardSchemaV1<T> {
  return { '~standard': { version: 1, vendor: 'posthorn-contract-tests', validate } }
}
