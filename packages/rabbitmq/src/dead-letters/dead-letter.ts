import { createHash } from 'node:crypto'
import { deadLetterSender, diedAtHome, type Frame, HEADERS, textHeader } from '@posthorn/core/transport'
import { frameFrom } from '../message-properties.ts'
import type { HeldMessage } from './held-messages.ts'

/** A message that its reader, or the broker, gave up. */
export interface DeadLetter {
  /** The message's id; without one a digest of its body, `sha256:…`, which letters with the same body share. */
  readonly id: string
  /** The queue in which it died, such as `q.commands` or `<subscriber>.q.events`. */
  readonly queue: string
  /** The wire type, `<kind>:<domain>.<Message>.v<N>`, as it claims; null without one. */
  readonly type: string | null
  /** The verified sender; null when there is none. */
  readonly caller: string | null
  /** Why: a code of `x-posthorn-reason`, or RabbitMQ's own such as `delivery_limit`. */
  readonly reason: string
  /** Which handlers failed; null when it did not get so far. */
  readonly handler: string | null
  /** How often it was tried; null when the broker moved it, which does not say. */
  readonly attempts: number | null
  /** When handling first failed, or the broker moved it: ISO 8601; null when it does not say. */
  readonly failedAt: string | null
  /** When it was made, as it claims: ISO 8601; null when it does not say. */
  readonly sentAt: string | null
  /** Of its body. */
  readonly bytes: number
}

/** What is read from one message of a dead queue. */
export interface ReadLetter {
  readonly letter: DeadLetter
  readonly frame: Frame
  /** It came into the queue by way of somebody else's. */
  readonly laundered: boolean
}

export function readLetter({ message }: HeldMessage, queue: string, reader: string): ReadLetter {
  // amqplib's shape, but for fields that nobody reads here.
  const frame = frameFrom(message as unknown as Parameters<typeof frameFrom>[0])
  const { properties } = frame
  const sender = deadLetterSender(frame, reader)
  // Anybody may have written these headers; only the reader's copies are believed.
  const ours = (name: string) => (properties.userId === reader ? textHeader(frame, name) : undefined)
  const death = lastDeath(message.properties)
  const reason = ours(HEADERS.reason)
  const timestamp = properties.timestamp === undefined ? undefined : properties.timestamp * 1000
  return {
    frame,
    laundered: reason === 'laundered' || !diedAtHome(frame, queue),
    letter: {
      id: idOf(frame),
      queue,
      type: properties.type === undefined ? null : printable(properties.type),
      caller: sender?.caller ?? null,
      reason: printable(reason ?? death.reason ?? 'unknown'),
      handler: printable(ours(HEADERS.handler) ?? '') || null,
      attempts: reason === undefined ? null : (sender?.attempt ?? 1),
      failedAt: isoTime(ours(HEADERS.failedAt)) ?? isoTime(death.time),
      sentAt: isoTime(textHeader(frame, HEADERS.time)) ?? isoTime(timestamp),
      bytes: frame.body.length,
    },
  }
}

function idOf({ body, properties: { messageId } }: Frame): string {
  if (messageId !== undefined && /^[\x21-\x7e]+$/.test(messageId)) return messageId
  return `sha256:${createHash('sha256').update(body).digest('hex').slice(0, 32)}`
}

/** What the broker noted of a message's latest death, its time in ms. */
function lastDeath(properties: Readonly<Record<string, unknown>>): { reason?: string; time?: number } {
  const { headers } = properties as { readonly headers?: Readonly<Record<string, unknown>> }
  const deaths = headers?.['x-death']
  const [last] = Array.isArray(deaths) ? deaths : []
  const { reason, time } = (last ?? {}) as { readonly reason?: unknown; readonly time?: unknown }
  return {
    ...(typeof reason === 'string' ? { reason } : {}),
    ...(typeof time === 'number' ? { time: time * 1000 } : {}),
  }
}

function isoTime(time: string | number | undefined): string | null {
  const date = new Date(time ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** What a stranger wrote, fit for an operator's terminal. */
function printable(text: string): string {
  return text.slice(0, 256).replace(/[^\x20-\x7e]/g, '?')
}
