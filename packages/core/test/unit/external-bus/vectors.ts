import { readFileSync } from 'node:fs'
import type { Frame, FrameProperties } from '../../../src/external-bus/broker.ts'
import type { Message } from '../../../src/messages/message.ts'

/** AMQP's names of the properties, in which the vectors are written for all languages, and this package's. */
const NAMES = {
  type: 'type',
  message_id: 'messageId',
  correlation_id: 'correlationId',
  user_id: 'userId',
  app_id: 'appId',
  reply_to: 'replyTo',
  expiration: 'expiration',
  timestamp: 'timestamp',
  content_type: 'contentType',
  content_encoding: 'contentEncoding',
} as const satisfies Readonly<Record<string, keyof FrameProperties>>

export interface Vector {
  readonly what: string
  readonly exchange?: string
  readonly routing_key?: string
  readonly properties: Readonly<Record<string, string | number>>
  readonly headers: Readonly<Record<string, unknown>>
  readonly body?: string
  readonly body_base64?: string
  readonly body_repeat?: readonly [string, number]
}

interface Vectors {
  readonly messages: readonly (Vector & { readonly message: Message })[]
  readonly answers: readonly (Vector & {
    readonly result?: unknown
    readonly error?: Readonly<Record<string, unknown>>
  })[]
  readonly copies: readonly Vector[]
  readonly accepted: readonly (Vector & { readonly queue: string })[]
  readonly refused: readonly (Vector & { readonly queue: string; readonly reason: string })[]
}

const file = new URL('../../../../../docs/reference/wire-format.vectors.json', import.meta.url)

export const vectors: Vectors = JSON.parse(readFileSync(file, 'utf8'))

export function frameOf({ exchange = '', routing_key = '', properties, headers, ...body }: Vector): Frame {
  const known = Object.entries(NAMES).flatMap(([name, ours]) =>
    properties[name] === undefined ? [] : [[ours, properties[name]]],
  )
  const mode = properties.delivery_mode === undefined ? [] : [['persistent', properties.delivery_mode === 2]]
  return {
    exchange,
    routingKey: routing_key,
    body: bodyOf(body),
    properties: { ...Object.fromEntries([...known, ...mode]), headers },
  }
}

/** As the broker hands it on: with the user-id of whoever published it. */
export function sentBy(user: string, frame: Frame): Frame {
  return { ...frame, body: Buffer.from(frame.body), properties: { ...frame.properties, userId: user } }
}

function bodyOf({ body, body_base64, body_repeat }: Pick<Vector, 'body' | 'body_base64' | 'body_repeat'>) {
  if (body_base64 !== undefined) return Buffer.from(body_base64, 'base64')
  return Buffer.from(body ?? body_repeat?.[0].repeat(body_repeat[1]) ?? '')
}
