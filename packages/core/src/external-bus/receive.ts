import { hash } from 'node:crypto'
import type { CommandDefinition, EventDefinition } from '../messages/definitions.ts'
import type { Message } from '../messages/message.ts'
import type { ReplyAddress } from './answers.ts'
import type { Frame } from './broker.ts'
import { diedAtHome } from './death-queues.ts'
import { envelopeOf, hasValidIds, isUuid } from './envelope.ts'
import { type BodyFault, decodeBody } from './json-body.ts'
import { type EffectiveSender, effectiveSender } from './sender.ts'
import { JSON_CONTENT, MAX_BODY, parseWireType, type WireType } from './wire-format.ts'

/** What may come out of a queue. */
export interface Expected<
  D extends CommandDefinition | EventDefinition = CommandDefinition | EventDefinition,
> {
  readonly queue: string
  /** The domain in whose vhost the queue is: the only one whose messages belong here. */
  readonly domain: string
  /** The user who reads it. */
  readonly self: string
  readonly kind: 'command' | 'event'
  /** Somebody waits for an answer. */
  readonly answered: boolean
  /** The definition of a message by its name without the domain; undefined when it does not belong here. */
  definition(name: string): D | undefined
  /** Whether this sender may send this message. */
  allows(definition: D, caller: string): boolean
}

export type Received<D extends CommandDefinition | EventDefinition = CommandDefinition | EventDefinition> =
  | Accepted<D>
  | Refusal

export interface Accepted<D extends CommandDefinition | EventDefinition> {
  readonly ok: true
  readonly message: Message
  readonly definition: D
  readonly sender: EffectiveSender
  /** Null unless somebody waits. */
  readonly reply: ReplyAddress | null
  /** For how long the sender wants it done, in ms, if it said so. */
  readonly timeLeft: number | null
  /** SHA-256 of the body, hexadecimal. */
  readonly fingerprint: string
}

export interface Refusal {
  readonly ok: false
  readonly code: RefusalCode
  /** What the log should know. */
  readonly cause: unknown
  /** The sender, as far as it could be verified. */
  readonly sender: EffectiveSender | null
  /** Whom to tell; null when nobody waits or there is nobody to trust, and then it is a dead letter. */
  readonly reply: ReplyAddress | null
}

/** Why a frame was refused: the codes of the header `x-posthorn-reason`. */
export type RefusalCode =
  | 'too-large'
  | 'no-user-id'
  | 'foreign-sender'
  | 'bad-type'
  | 'wrong-kind'
  | 'unknown-message'
  | 'forbidden'
  | 'laundered'
  | 'bad-id'
  | 'bad-reply-to'
  | 'bad-content-type'
  | BodyFault
  | 'unknown-version'
  | 'invalid-payload'

/**
 * Checks a frame, cheapest and most suspicious things first: size, user-id, effective sender, type and kind, right,
 * death headers, ids, content type, depth, encoding, JSON, prototype keys, schema. Never throws: nothing received may
 * crash the process.
 */
export function receive<D extends CommandDefinition | EventDefinition>(
  frame: Frame,
  expected: Expected<D>,
): Received<D> {
  try {
    return verify(frame, expected)
  } catch (error) {
    const { code, cause } = error instanceof Refused ? error : new Refused('invalid-payload', error)
    return {
      ok: false,
      code,
      cause,
      sender: effectiveSender(frame, expected.self) ?? null,
      reply: expected.answered ? replyAddress(frame, expected) : null,
    }
  }
}

class Refused extends Error {
  readonly code: RefusalCode

  constructor(code: RefusalCode, cause?: unknown) {
    super(code, { cause })
    this.code = code
  }
}

function verify<D extends CommandDefinition | EventDefinition>(
  frame: Frame,
  expected: Expected<D>,
): Accepted<D> {
  const { properties, body } = frame
  if (body.length > MAX_BODY) throw new Refused('too-large')

  const sender = effectiveSender(frame, expected.self)
  if (sender === undefined) throw new Refused('no-user-id')
  if (expected.kind === 'event' && sender.caller !== expected.domain) throw new Refused('foreign-sender')

  const wire = parseWireType(properties.type)
  if (wire === undefined) throw new Refused('bad-type')
  if (wire.kind !== expected.kind) throw new Refused('wrong-kind')
  const definition = wire.domain === expected.domain ? expected.definition(wire.name) : undefined
  if (definition === undefined) throw new Refused('unknown-message')
  if (!expected.allows(definition, sender.caller)) throw new Refused('forbidden')

  if (!diedAtHome(frame, expected.queue)) throw new Refused('laundered')

  if (!hasValidIds(frame)) throw new Refused('bad-id')
  const reply = expected.answered ? replyAddress(frame, expected) : null
  if (expected.answered && reply === null) throw new Refused('bad-reply-to')

  if (properties.contentType !== JSON_CONTENT || !PLAIN.has(properties.contentEncoding)) {
    throw new Refused('bad-content-type')
  }
  const decoded = decodeBody(body)
  if (!decoded.ok) throw new Refused(decoded.fault)

  return {
    ok: true,
    message: messageOf(frame, wire, definition, decoded.value),
    definition,
    sender,
    reply,
    timeLeft: positive(properties.expiration),
    fingerprint: hash('sha256', body),
  }
}

/** Some clients name the encoding of the text here; nothing is ever decompressed. */
const PLAIN = new Set([undefined, 'utf-8'])
/** No queue can have such a name: `amq.` is the broker's own. What follows, each of its releases may write as it likes. */
const DIRECT_REPLY = /^amq\.rabbitmq\.reply-to\.[\x21-\x7e]{1,255}$/

function messageOf(
  frame: Frame,
  { version }: WireType,
  definition: CommandDefinition | EventDefinition,
  payload: unknown,
): Message {
  try {
    return definition.receive(envelopeOf(frame, { type: definition.type, version, payload }))
  } catch (error) {
    throw new Refused(version > definition.version ? 'unknown-version' : 'invalid-payload', error)
  }
}

/** Where to answer, if that is a caller's own reply address: any other key could have us write into somebody's queue. */
function replyAddress(frame: Frame, expected: Expected): ReplyAddress | null {
  const { messageId, correlationId, replyTo, type } = frame.properties
  const wire = parseWireType(type)
  if (effectiveSender(frame, expected.self) === undefined || !isUuid(messageId)) return null
  if (wire?.kind !== 'command' || wire.domain !== expected.domain) return null
  if (replyTo === undefined || !DIRECT_REPLY.test(replyTo)) return null
  return { replyTo, messageId, correlationId, wire }
}

function positive(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null
}
