import { createHash } from 'node:crypto'
import type { CommandDefinition, EventDefinition } from '../messages/definitions.ts'
import type { Message } from '../messages/message.ts'
import type { ReplyAddress } from './answers.ts'
import type { Frame } from './broker.ts'
import { type BodyFault, decodeBody } from './json-body.ts'
import { deadQueue, RETRY_TIERS, retryQueue } from './names.ts'
import { type EffectiveSender, effectiveSender } from './sender.ts'
import {
  HEADERS,
  header,
  JSON_CONTENT,
  MAX_BODY,
  parseWireType,
  textHeader,
  type WireType,
} from './wire-format.ts'

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

  if (!deathQueues(frame).every(isOneOf(ownQueues(expected.queue)))) throw new Refused('laundered')

  if (!idsAreValid(frame)) throw new Refused('bad-id')
  const reply = expected.answered ? replyAddress(frame, expected) : null
  if (expected.answered && reply === null) throw new Refused('bad-reply-to')

  if (properties.contentType !== JSON_CONTENT || !PLAIN.has(properties.contentEncoding)) {
    throw new Refused('bad-content-type')
  }
  const decoded = decodeBody(body)
  if (!decoded.ok) throw new Refused(decoded.fault)

  return {
    ok: true,
    message: openEnvelope(frame, wire, definition, decoded.value),
    definition,
    sender,
    reply,
    timeLeft: positive(properties.expiration),
    fingerprint: createHash('sha256').update(body).digest('hex'),
  }
}

/** Some clients name the encoding of the text here; nothing is ever decompressed. */
const PLAIN = new Set([undefined, 'utf-8'])
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const DIRECT_REPLY = /^amq\.rabbitmq\.reply-to\.[\w.=+/-]{1,255}$/
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

function idsAreValid(frame: Frame): boolean {
  const { messageId, correlationId } = frame.properties
  const causationId = textHeader(frame, HEADERS.causationId)
  return (
    isUuid(messageId) &&
    (correlationId === undefined || isUuid(correlationId)) &&
    (causationId === undefined || isUuid(causationId))
  )
}

function isUuid(id: string | undefined): id is string {
  return id !== undefined && UUID.test(id)
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

/**
 * The queues that a message has died in. A member of the system that may declare queues could have one dead-letter our
 * own messages back to us, with our own user-id; such a message has died in a queue that is not ours.
 */
function deathQueues(frame: Frame): readonly unknown[] {
  const first = header(frame, 'x-first-death-queue')
  const deaths = header(frame, 'x-death') ?? []
  if (!Array.isArray(deaths)) return [null]
  const queues = deaths.map((death: unknown) => (death as { queue?: unknown } | null)?.queue)
  return first === undefined ? queues : [first, ...queues]
}

function ownQueues(queue: string): ReadonlySet<unknown> {
  return new Set([queue, deadQueue(queue), ...RETRY_TIERS.map((tier) => retryQueue(queue, tier.name))])
}

function isOneOf(set: ReadonlySet<unknown>): (value: unknown) => boolean {
  return (value) => set.has(value)
}

function openEnvelope(
  frame: Frame,
  wire: WireType,
  definition: CommandDefinition | EventDefinition,
  payload: unknown,
): Message {
  const id = frame.properties.messageId as string
  const traceparent = textHeader(frame, HEADERS.traceparent)
  try {
    return definition.receive({
      id,
      type: definition.type,
      version: wire.version,
      time: timeOf(frame),
      payload,
      correlationId: frame.properties.correlationId ?? id,
      causationId: textHeader(frame, HEADERS.causationId) ?? null,
      traceparent: traceparent !== undefined && TRACEPARENT.test(traceparent) ? traceparent : null,
    })
  } catch (error) {
    throw new Refused(wire.version > definition.version ? 'unknown-version' : 'invalid-payload', error)
  }
}

/** The header, or AMQP's timestamp, or now: whoever needs a sender's clock must not trust it anyway. */
function timeOf(frame: Frame): string {
  const header = textHeader(frame, HEADERS.time)
  if (header !== undefined && TIME.test(header) && !Number.isNaN(Date.parse(header))) {
    return new Date(header).toISOString()
  }
  const { timestamp } = frame.properties
  const sane = typeof timestamp === 'number' && timestamp > 0 && timestamp < 253_402_300_800
  return new Date(sane ? timestamp * 1000 : Date.now()).toISOString()
}

function positive(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null
}
