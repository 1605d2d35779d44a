import { PosthornError } from '../errors.ts'
import type { AnyCommandDefinition, AnyEventDefinition } from '../messages/definitions.ts'
import type { StandardSchemaV1 } from '../messages/standard-schema.ts'

/** A JSON Schema, or any part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Which JSON Schema is wanted, and how to get it where the validator has none. */
export interface JsonSchemaOptions {
  /** The dialect, as Standard JSON Schema calls it: `draft-2020-12` unless given, `draft-07`, `openapi-3.0`. */
  readonly target?: string
  /**
   * Converts a schema whose validator has no Standard JSON Schema, or that it cannot convert, such as zod's
   * `z.coerce.date()`. Gives undefined for those that it leaves to the validator.
   */
  readonly convert?: (schema: StandardSchemaV1) => JsonSchema | undefined
}

/**
 * The Standard JSON Schema interface, version 1, as far as it is used here: zod has it from 4.2 on, arktype from 2.1.28
 * on, valibot behind `toStandardJsonSchema`.
 */
interface StandardJsonSchemaV1 {
  readonly jsonSchema: { readonly input: (options: { readonly target: string }) => JsonSchema }
}

/**
 * The JSON Schema of a message's payload, as it is on the wire: what its schema accepts. What the schema makes of that
 * (defaults, dates, trimmed text) the wire does not show.
 *
 * @throws {PosthornError} `InvalidDefinition` when the schema gives none and `convert` neither
 */
export function messageSchema(
  message: AnyCommandDefinition | AnyEventDefinition,
  options: JsonSchemaOptions = {},
): JsonSchema {
  return jsonSchemaOf(message.payloadSchema, `payload of ${message.type}`, options)
}

/** @param subject names the schema in the error */
export function jsonSchemaOf(
  schema: StandardSchemaV1,
  subject: string,
  { target = 'draft-2020-12', convert }: JsonSchemaOptions,
): JsonSchema {
  const converted = convert?.(schema)
  if (converted !== undefined) return converted
  const standard: StandardSchemaV1['~standard'] & Partial<StandardJsonSchemaV1> = schema['~standard']
  if (standard.jsonSchema === undefined) throw noJsonSchema(subject, `${standard.vendor} gives none for it`)
  try {
    return standard.jsonSchema.input({ target })
  } catch (cause) {
    throw noJsonSchema(subject, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function noJsonSchema(subject: string, reason: string, cause?: unknown) {
  return new PosthornError(
    'InvalidDefinition',
    `The ${subject} has no JSON Schema: ${reason}; give it one with the option \`convert\``,
    { cause },
  )
}
