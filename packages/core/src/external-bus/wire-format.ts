import { PosthornError } from '../errors.ts'
import type { Message } from '../messages/message.ts'
import type { StoredMessage } from '../outbox/outbox.ts'
import { DIRECT_REPLY_TO, type Frame, type FrameProperties } from './broker.ts'
import { callKey, commandExchange, EVENTS_EXCHANGE, eventKey, sendKey } from './names.ts'

/**
 * Wire format v1: how messages become frames. `docs/reference/wire-format.md` describes it for clients in other
 * languages, with test vectors. Few headers, because each costs on every hop.
 */

export const HEADERS = {
  /** When the message was made: ISO 8601 in UTC with milliseconds. */
  time: 'x-posthorn-time',
  causationId: 'x-posthorn-causation-id',
  traceparent: 'traceparent',
  /** On copies for a retry and on dead letters only: who sent the message in the first place. */
  originalUser: 'x-posthorn-orig-user',
  /** On copies: which try the next one will be; on dead letters how many there were. */
  attempt: 'x-posthorn-attempt',
  /** On copies: when handling first failed. */
  failedAt: 'x-posthorn-failed-at',
  /** On dead letters: why, as a code. */
  reason: 'x-posthorn-reason',
  /** On copies: the handler that failed. */
  handler: 'x-posthorn-handler',
} as const

/** The largest body that is sent or accepted, in bytes. */
export const MAX_BODY = 1_048_576

export type WireKind = 'event' | 'command' | 'reply' | 'error'

/** The property `type`, taken apart: `command:allocation.Allocate.v1`. */
export interface WireType {
  readonly kind: WireKind
  readonly domain: string
  readonly name: string
  readonly version: number
}

const WIRE_TYPE =
  /^(event|command|reply|error):(?=[^.]{1,31}\.)([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\.([A-Z][A-Za-z0-9]{1,63})\.v([1-9]\d{0,2})$/

export function parseWireType(text: unknown): WireType | undefined {
  const [, kind, domain = '', name = '', version] = (typeof text === 'string' && WIRE_TYPE.exec(text)) || []
  return kind === undefined ? undefined : { kind: kind as WireKind, domain, name, version: Number(version) }
}

export function formatWireType({ kind, domain, name, version }: WireType): string {
  return `${kind}:${domain}.${name}.v${version}`
}

/** A message to send: as made, or as an outbox has stored it, whose body goes out unread. */
export type Outgoing = Message | StoredMessage

export function eventFrame(event: Outgoing, instance: string): Frame {
  return {
    exchange: EVENTS_EXCHANGE,
    routingKey: eventKey(event.type),
    body: messageBody(event),
    properties: messageProperties(event, instance, true),
  }
}

/** A command that nobody waits for. */
export function sendFrame(command: Outgoing, caller: string, instance: string): Frame {
  return {
    exchange: commandExchange(caller),
    routingKey: sendKey(command.type),
    body: messageBody(command),
    properties: messageProperties(command, instance, true),
  }
}

/** @param timeLeft in ms, after which the caller no longer waits */
export function callFrame(command: Outgoing, caller: string, instance: string, timeLeft: number): Frame {
  const properties = messageProperties(command, instance, false)
  properties.replyTo = DIRECT_REPLY_TO
  properties.expiration = String(Math.max(1, Math.floor(timeLeft)))
  return {
    exchange: commandExchange(caller),
    routingKey: callKey(command.type),
    body: messageBody(command),
    properties,
  }
}

type NewProperties = { -readonly [K in keyof FrameProperties]: FrameProperties[K] }

function messageProperties(message: Outgoing, instance: string, persistent: boolean): NewProperties {
  const headers: Record<string, string> = { [HEADERS.time]: message.time }
  if (message.causationId !== null) headers[HEADERS.causationId] = message.causationId
  if (message.traceparent !== null) headers[HEADERS.traceparent] = message.traceparent
  return {
    type: `${message.kind}:${message.type}.v${message.version}`,
    messageId: message.id,
    correlationId: message.correlationId,
    timestamp: Math.floor(Date.parse(message.time) / 1000),
    appId: instance,
    contentType: JSON_CONTENT,
    persistent,
    headers,
  }
}

export const JSON_CONTENT = 'application/json'

function messageBody(message: Outgoing): Uint8Array {
  const body = 'body' in message ? Buffer.from(message.body) : encodeBody(message.payload)
  if (body.length <= MAX_BODY) return body
  throw new PosthornError(
    'MessageTooLarge',
    `${message.type} ${message.id} has ${body.length} bytes; at most ${MAX_BODY} may be sent`,
    { outcome: 'not-executed', details: { type: message.type, bytes: body.length } },
  )
}

/** JSON; what JSON has no word for, such as the absent result of a command, is `null`. */
export function encodeBody(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value) ?? 'null')
}

/** A header's value. Own keys only: a header called `__proto__` must not speak for the others. */
export function header(frame: Frame, name: string): unknown {
  const { headers } = frame.properties
  return headers !== undefined && Object.hasOwn(headers, name) ? headers[name] : undefined
}

/** A header's value if it is text. */
export function textHeader(frame: Frame, name: string): string | undefined {
  const value = header(frame, name)
  return typeof value === 'string' ? value : undefined
}
