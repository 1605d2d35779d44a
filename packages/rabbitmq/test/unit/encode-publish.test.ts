import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Frame, FrameProperties } from '@posthorn/core/transport'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConnectionInternals } from '../../src/amqplib-internals.ts'
import { encodePublish } from '../../src/encode-publish.ts'
import { publishFields, publishProperties } from '../../src/message-properties.ts'

const CHANNEL = 300
const FRAME_MAX = 131_072

/** The bytes that amqplib itself makes; its encoder is not exported, and stands beside what is. */
function encodedByAmqplib(frame: Frame, user: string): Buffer {
  const require = createRequire(import.meta.url)
  const lib = join(dirname(require.resolve('amqplib')), 'lib')
  const { Connection } = require(join(lib, 'connection.js')) as {
    readonly Connection: { readonly prototype: ConnectionInternals }
  }
  const { BasicPublish, BasicProperties } = require(join(lib, 'defs.js')) as Record<string, number>
  const written: Buffer[] = []
  const channels: unknown[] = []
  channels[CHANNEL] = { buffer: { write: (bytes: Buffer) => written.push(bytes) } }
  const connection = Object.assign(Object.create(Connection.prototype), { channels, frameMax: FRAME_MAX })
  connection.sendMessage(
    CHANNEL,
    BasicPublish,
    publishFields(frame),
    BasicProperties,
    publishProperties(frame, user),
    frame.body,
  )
  return Buffer.concat(written)
}

function encoded(frame: Frame, user = 'billing'): Buffer | null {
  const body = Buffer.from(frame.body)
  return encodePublish(CHANNEL, publishFields(frame), publishProperties(frame, user), body, FRAME_MAX)
}

const manyHeaders = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`header-${index}`, 'x']))

const text = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'binary', maxLength: 40 }))

const properties: fc.Arbitrary<FrameProperties> = fc.record(
  {
    type: text,
    messageId: text,
    correlationId: text,
    appId: text,
    replyTo: text,
    expiration: text,
    contentType: text,
    contentEncoding: text,
    timestamp: fc.nat(2 ** 40),
    persistent: fc.boolean(),
    headers: fc.dictionary(text, text, { maxKeys: 5 }),
  },
  { requiredKeys: [] },
)

const frames: fc.Arbitrary<Frame> = fc.record({
  exchange: text,
  routingKey: text,
  body: fc.uint8Array({ maxLength: 3_000 }).map((bytes) => Buffer.from(bytes)),
  properties,
})

test('a message has the very bytes that amqplib makes of it', () => {
  fc.assert(
    fc.property(frames, text, (frame, user) => {
      expect(encoded(frame, user)).toEqual(encodedByAmqplib(frame, user))
    }),
    { numRuns: 500 },
  )
})

describe('it is left to amqplib', () => {
  const frame: Frame = { exchange: 'x', routingKey: 'k', body: Buffer.from('null'), properties: {} }

  test.each<[string, Partial<Frame>]>([
    ['with a header that is no text', { properties: { headers: { attempt: 2 } } }],
    ['with headers that are too long', { properties: { headers: { long: 'x'.repeat(10_000) } } }],
    ['with very many headers', { properties: { headers: manyHeaders } }],
    ['with a key that is too long', { routingKey: 'x'.repeat(256) }],
    ['with a text whose bytes are too many', { properties: { type: 'ü'.repeat(128) } }],
    ['with a time that AMQP has no number for', { properties: { timestamp: Number.NaN } }],
    ['with a time before 1970', { properties: { timestamp: -1 } }],
    ['with a body for more than one frame', { body: Buffer.alloc(FRAME_MAX - 7) }],
  ])('%s', (_what, change) => {
    expect(encoded({ ...frame, ...change })).toBeNull()
  })

  test('and only then: the longest of each is still encoded, and so is what comes after', () => {
    const longest = { ...frame, routingKey: 'x'.repeat(255), body: Buffer.alloc(FRAME_MAX - 8) }
    expect(encoded(longest)).toEqual(encodedByAmqplib(longest, 'billing'))
    expect(encoded(frame)).toEqual(encodedByAmqplib(frame, 'billing'))
  })
})
