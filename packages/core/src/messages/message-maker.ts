import { PosthornError } from '../errors.ts'
import type { CommandSpec, Envelope, EventSpec, Upcasters } from './definitions.ts'
import type { Cause, Message } from './message.ts'
import { checkMessageName } from './names.ts'
import { payloadOf } from './payload.ts'
import { presentTime } from './present-time.ts'
import { isSchema, type StandardSchemaV1 } from './standard-schema.ts'
import { uuidV7 } from './uuid-v7.ts'
import { orInvalid } from './validate.ts'

/** What commands and events of one kind have in common: how they are made, and how received. */
export function messageMaker(
  domain: string,
  name: string,
  kind: Message['kind'],
  schema: StandardSchemaV1,
  spec: Pick<CommandSpec | EventSpec, 'key' | 'version' | 'from'>,
) {
  checkMessageName(domain, name)
  const type = `${domain}.${name}`
  if (!isSchema(schema)) throw invalid(`${type} has no schema; give it one of zod, valibot or arktype`)
  checkVersions(type, spec.version, spec.from)
  const subject = `payload of ${type}`
  const { version } = spec
  const key = spec.key as ((payload: unknown) => string) | undefined
  const keyOf = (payload: unknown) =>
    key === undefined ? null : orInvalid(subject, 'the function for its key', () => key(payload))

  const make = (payload: unknown, cause?: Cause): Message => {
    const id = uuidV7()
    const valid = payloadOf(schema, payload, subject)
    return Object.freeze({
      id,
      type,
      kind,
      version,
      time: presentTime(),
      payload: valid,
      correlationId: cause?.correlationId ?? id,
      causationId: cause?.id ?? null,
      traceparent: cause?.traceparent ?? null,
      key: keyOf(valid),
    })
  }

  const receive = (envelope: Envelope): Message => {
    checkKnown(type, version, envelope.version)
    let payload = envelope.payload
    for (let from = envelope.version; from < version; from++) {
      const older = payload
      const upcast = spec.from[from] as (payload: unknown) => unknown
      payload = orInvalid(subject, `the up-caster from version ${from}`, () => upcast(older))
    }
    const valid = payloadOf(schema, payload, subject)
    return Object.freeze({
      id: envelope.id,
      type,
      kind,
      version,
      time: envelope.time,
      payload: valid,
      correlationId: envelope.correlationId,
      causationId: envelope.causationId,
      traceparent: envelope.traceparent,
      key: keyOf(valid),
    })
  }

  return Object.assign(make, { kind, type, domain, version, payloadSchema: schema, receive })
}

function checkKnown(type: string, newest: number, version: number): void {
  if (Number.isInteger(version) && version >= 1 && version <= newest) return
  throw new PosthornError(
    'UnknownVersion',
    `${type} version ${version} is not known here, where ${newest} is the newest; deploy the newer contract`,
    { outcome: 'refused', details: { type, version } },
  )
}

function checkVersions(type: string, version: number, from: Upcasters): void {
  if (!Number.isInteger(version) || version < 1 || version > 999) {
    throw invalid(`${type} has version ${version}; versions are whole numbers from 1 to 999`)
  }
  for (let older = 1; older < version; older++) {
    if (from[older] === undefined)
      throw invalid(`${type} is at version ${version} but has no up-caster from ${older}`)
  }
}

function invalid(message: string): PosthornError<'InvalidDefinition'> {
  return new PosthornError('InvalidDefinition', message)
}
