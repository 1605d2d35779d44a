import type { Frame, FrameProperties } from '@posthorn/core/transport'
import { DIRECT_REPLY_TO } from '@posthorn/core/transport'
import type { Channel, Message, MessageProperties } from 'amqplib'
import { isReplyAddress } from './reply-address.ts'

/** The arguments of AMQP's `basic.publish`. */
export function publishFields(frame: Frame) {
  const { exchange, routingKey } = frame
  // Until 4.0 at least the broker returns a mandatory reply even when it was delivered; 4.3 never does.
  return { ticket: 0, exchange, routingKey, mandatory: !isReply(frame), immediate: false }
}

/** A frame's properties for amqplib's encoder, which leaves out what is undefined, in the name of `user`. */
export function publishProperties({ properties }: Frame, user: string) {
  // Always the same names in the same order: such objects are quick to make and to read.
  return {
    contentType: properties.contentType,
    contentEncoding: properties.contentEncoding,
    headers: properties.headers,
    deliveryMode: deliveryMode(properties.persistent),
    priority: undefined,
    correlationId: properties.correlationId,
    replyTo: properties.replyTo,
    expiration: properties.expiration,
    messageId: properties.messageId,
    timestamp: properties.timestamp,
    type: properties.type,
    userId: user,
    appId: properties.appId,
    clusterId: undefined,
  }
}

function deliveryMode(persistent: boolean | undefined): 1 | 2 | undefined {
  if (persistent === undefined) return undefined
  return persistent ? 2 : 1
}

/** Replies go through the default exchange to an address of the broker's own making. */
function isReply(frame: Frame): boolean {
  return frame.exchange === '' && frame.routingKey.startsWith(DIRECT_REPLY_TO)
}

/**
 * A received message as a frame: of the sender's header tables only own strings and numbers, and of `x-death` the queues.
 *
 * @param channel that it came by, if any: what may be answered depends on the broker's version
 */
export function frameFrom({ fields, properties, content }: Message, channel?: Channel): Frame {
  return {
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    body: content,
    properties: propertiesFrom(properties, channel?.connection.serverProperties.version),
  }
}

function propertiesFrom(properties: MessageProperties, version: string | undefined): FrameProperties {
  const result: { -readonly [K in keyof FrameProperties]: FrameProperties[K] } = {}
  for (const name of STRINGS) {
    const value: unknown = properties[name]
    if (typeof value === 'string') result[name] = publishable(value)
  }
  // Nobody is to publish to another.
  if (result.replyTo !== undefined && !isReplyAddress(result.replyTo, version)) delete result.replyTo
  if (typeof properties.timestamp === 'number') result.timestamp = properties.timestamp
  if (properties.deliveryMode !== undefined) result.persistent = properties.deliveryMode === 2
  result.headers = headersFrom(properties.headers)
  return result
}

const STRINGS = [
  'type',
  'messageId',
  'correlationId',
  'userId',
  'appId',
  'replyTo',
  'expiration',
  'contentType',
  'contentEncoding',
] as const satisfies readonly (keyof FrameProperties & keyof MessageProperties)[]

/** AMQP's limit for a property, in bytes. */
const LONGEST_PROPERTY = 255

/** Bytes that are no UTF-8 are read as characters of three bytes each, and a text may become too long to be sent again. */
function publishable(text: string): string {
  // No character takes more than three bytes for each of its units.
  if (text.length <= LONGEST_PROPERTY / 3 || Buffer.byteLength(text) <= LONGEST_PROPERTY) return text
  return text.slice(0, LONGEST_PROPERTY / 3)
}

/** amqplib assigns header names to a plain object, where `__proto__` changes its prototype: only own ones are copied. */
function headersFrom(headers: unknown): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(headers ?? {})) {
    const value = (headers as Readonly<Record<string, unknown>>)[name]
    if (typeof value === 'string' || typeof value === 'number') result[name] = value
    else if (name === 'x-death') result[name] = deathsFrom(value)
  }
  return result
}

/** Where a message has died. What cannot be read names no queue, so that nobody takes it for harmless. */
function deathsFrom(deaths: unknown): readonly { readonly queue: string | null }[] {
  if (!Array.isArray(deaths)) return [{ queue: null }]
  return deaths.map((death: unknown) => {
    const isTable = typeof death === 'object' && death !== null && Object.hasOwn(death, 'queue')
    const queue: unknown = isTable ? (death as { readonly queue: unknown }).queue : null
    return { queue: typeof queue === 'string' ? queue : null }
  })
}
