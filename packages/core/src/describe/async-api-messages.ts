import { formatWireType, HEADERS, type WireKind } from '../external-bus/wire-format.ts'
import type { AnyCommandDefinition, AnyEventDefinition } from '../messages/definitions.ts'
import { splitType } from '../messages/names.ts'
import type { StandardSchemaV1 } from '../messages/standard-schema.ts'
import type { JsonObject } from './async-api-document.ts'
import type { AsyncApiDraft, Reference } from './async-api-draft.ts'
import { jsonSchemaOf } from './json-schema.ts'

/** AsyncAPI's schemas are those of this draft. */
const TARGET = 'draft-07'

/** The name of a command or event in the document, where it now stands. */
export function describeMessage(
  draft: AsyncApiDraft,
  definition: AnyCommandDefinition | AnyEventDefinition,
): string {
  const { type, kind, payloadSchema } = definition
  draft.message(type, () =>
    described(draft, definition, kind, schemaAt(draft, type, payloadSchema, `payload of ${type}`)),
  )
  return type
}

/** The names of what answers a call: its result, and what goes wrong. */
export function describeAnswers(draft: AsyncApiDraft, command: AnyCommandDefinition): readonly string[] {
  const { type, resultSchema } = command
  const reply = `${type}.reply`
  draft.message(reply, () =>
    described(
      draft,
      command,
      'reply',
      resultSchema === undefined
        ? { type: 'null' }
        : schemaAt(draft, reply, resultSchema, `result of ${type}`),
    ),
  )
  const error = `${type}.error`
  draft.message(error, () => described(draft, command, 'error', { oneOf: errorSchemas(draft, command) }))
  return [reply, error]
}

function described(
  draft: AsyncApiDraft,
  { type, domain, version }: AnyCommandDefinition | AnyEventDefinition,
  kind: WireKind,
  payload: JsonObject | Reference,
): JsonObject {
  const { name } = splitType(type)
  return {
    name: `${type}.v${version}`,
    title: kind === 'command' || kind === 'event' ? name : `${name}: ${kind}`,
    contentType: 'application/json',
    headers: draft.schema('headers', () => ({ type: 'object', properties: headers })),
    bindings: {
      amqp: { messageType: formatWireType({ kind, domain, name, version }), bindingVersion: '0.3.0' },
    },
    payload,
  }
}

const headers = {
  [HEADERS.time]: { type: 'string', format: 'date-time' },
  [HEADERS.causationId]: { type: 'string', format: 'uuid' },
  [HEADERS.traceparent]: { type: 'string' },
  tracestate: { type: 'string' },
}

function errorSchemas(draft: AsyncApiDraft, { domain, errors }: AnyCommandDefinition): readonly Reference[] {
  const declared = Object.values(errors).map(({ errorName, dataSchema }) => {
    // No message is called `error`: an event and an error may well share a name.
    const name = `${domain}.error.${errorName}`
    return draft.schema(name, () => ({
      type: 'object',
      description: 'Declared by the contract: rolled back.',
      properties: {
        domain: { const: domain },
        name: { const: errorName },
        data: schemaAt(draft, `${name}.data`, dataSchema, `data of error ${domain}.${errorName}`),
      },
      required: ['domain', 'name'],
      not: { required: ['errorId'] },
    }))
  })
  return [...declared, draft.schema('RemoteError', () => remoteError)]
}

const remoteError = {
  type: 'object',
  description: 'Any other failure: never with a text of the server’s, which its log has under `errorId`.',
  properties: {
    domain: { type: 'string' },
    name: { type: 'string' },
    errorId: { type: 'string', format: 'uuid' },
    outcome: { enum: ['not-executed', 'refused', 'failed', 'unknown'] },
  },
  required: ['domain', 'name', 'errorId', 'outcome'],
}

function schemaAt(draft: AsyncApiDraft, name: string, schema: StandardSchemaV1, subject: string): Reference {
  const { convert } = draft
  return draft.schema(name, () =>
    jsonSchemaOf(schema, subject, { target: TARGET, ...(convert === undefined ? {} : { convert }) }),
  )
}
