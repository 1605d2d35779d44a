import type { Frame, FrameProperties } from '@posthorn/core/transport'
import { DIRECT_REPLY_TO } from '@posthorn/core/transport'
import type { Message, MessageProperties, Options } from 'amqplib'

/** What amqplib needs to publish a frame as `user`. */
export function publishOptions(frame: Frame, user: string): Options.Publish {
  // The broker returns a mandatory reply on 3.x even when it was delivered, and never on 4.x.
  return { ...frame.properties, userId: user, mandatory: !isReply(frame) }
}

/** Replies go through the default exchange to an address of the broker's own making. */
function isReply(frame: Frame): boolean {
  return frame.exchange === '' && frame.routingKey.startsWith(DIRECT_REPLY_TO)
}

/** A received message as a frame: strings and numbers of its own only, whatever the sender's header tables hold. */
export function frameFrom({ fields, properties, content }: Message): Frame {
  return {
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    body: content,
    properties: propertiesFrom(properties),
  }
}

function propertiesFrom(properties: MessageProperties): FrameProperties {
  const result: { -readonly [K in keyof FrameProperties]: FrameProperties[K] } = {}
  for (const name of STRINGS) {
    const value: unknown = properties[name]
    if (typeof value === 'string') result[name] = value
  }
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

/** amqplib assigns header names to a plain object, where `__proto__` changes its prototype: only own ones are copied. */
function headersFrom(headers: unknown): Record<string, string | number> {
  const result: Record<string, string | number> = Object.create(null)
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (typeof value === 'string' || typeof value === 'number') result[name] = value
  }
  return result
}
