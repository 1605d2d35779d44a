import type { FrameProperties } from '@posthorn/core/transport'
import type { Channel, ConsumeMessage } from 'amqplib'
import { describe, expect, test } from 'vitest'
import { frameFrom, publishFields, publishProperties } from '../../src/message-properties.ts'

function message(properties: object): ConsumeMessage {
  return {
    content: Buffer.from('{}'),
    fields: { exchange: 'x', routingKey: 'k', deliveryTag: 1, redelivered: false, consumerTag: 'c' },
    // Received properties are as the sender made them, whatever amqplib's type says.
    properties: properties as ConsumeMessage['properties'],
  }
}

/** A channel of a broker of this version: nothing else is asked of it. */
function channelOf(version: string): Channel {
  return { connection: { serverProperties: { version } } } as Channel
}

describe('a received frame', () => {
  test('has the known properties, and lacks those that were absent', () => {
    const { properties } = frameFrom(
      message({ type: 't', userId: 'u', timestamp: 5, deliveryMode: 2, replyTo: undefined }),
    )
    expect(properties).toEqual({ type: 't', userId: 'u', timestamp: 5, persistent: true, headers: {} })
    expect('replyTo' in properties).toBe(false)
  })

  test('B4 K3 has a reply address only if the broker can have given it', () => {
    const given =
      'amq.rabbitmq.reply-to.g1h2AA5yZXBseUA1OTEzMzcwMAAAdbwAAAAAawFG8A==.j3aGAKT6z8aX4BUb5WDSaA=='
    expect(frameFrom(message({ replyTo: given })).properties.replyTo).toBe(given)
    expect(frameFrom(message({ replyTo: 'billing.q.events' })).properties).not.toHaveProperty('replyTo')
    const other = message({ replyTo: 'amq.rabbitmq.reply-to.v3:other' })
    expect(frameFrom(other).properties).not.toHaveProperty('replyTo')
    expect(frameFrom(other, channelOf('4.1.0')).properties).not.toHaveProperty('replyTo')
    expect(frameFrom(other, channelOf('4.2.0')).properties).toHaveProperty('replyTo')
  })

  test('B7 keeps only headers that are strings and numbers', () => {
    const headers = { a: 'x', b: 1, c: { nested: true }, d: ['x'], e: null, f: true, g: Buffer.from('x') }
    expect({ ...frameFrom(message({ headers })).properties.headers }).toEqual({ a: 'x', b: 1 })
  })

  test('tells of its deaths the queues, and of what cannot be read that it is there', () => {
    const deathsOf = (death: unknown) =>
      frameFrom(message({ headers: { 'x-death': death } })).properties.headers?.['x-death']
    const inherited = Object.setPrototypeOf({}, { queue: 'q.commands' })
    expect(deathsOf([{ queue: 'q.commands', count: 3, time: {} }, { queue: 'web.q.trap' }])).toEqual([
      { queue: 'q.commands' },
      { queue: 'web.q.trap' },
    ])
    expect(deathsOf([null, 'q.commands', {}, { queue: 7 }, inherited])).toEqual(
      Array(5).fill({ queue: null }),
    )
    expect(deathsOf({ queue: 'q.commands' })).toEqual([{ queue: null }])
    expect(deathsOf(undefined)).toEqual([{ queue: null }])
  })

  test('has no text that is too long to be published again, as one is that was no UTF-8', () => {
    const text = Buffer.alloc(255, 0xff).toString()
    const { properties } = frameFrom(message({ type: text, correlationId: 'x'.repeat(255) }))
    expect(Buffer.byteLength(properties.type ?? '')).toBe(255)
    expect(properties.correlationId).toBe('x'.repeat(255))
  })

  test('B7 takes nothing from a header named __proto__', () => {
    // What amqplib's decoder does with it: `headers['__proto__'] = …`.
    const headers: Record<string, unknown> = { own: 'x' }
    Object.setPrototypeOf(headers, { isAdmin: 'yes' })
    const received = frameFrom(message({ headers })).properties.headers ?? {}
    expect(received.isAdmin).toBeUndefined()
    expect(Object.getPrototypeOf(received)).toBeNull()
    expect(Object.keys(received)).toEqual(['own'])
  })

  test('without headers has an empty table', () => {
    expect(Object.keys(frameFrom(message({})).properties.headers ?? { missing: 1 })).toEqual([])
  })
})

describe('a frame to publish', () => {
  const frame = {
    exchange: 'x',
    routingKey: 'k',
    body: Buffer.alloc(0),
    properties: { userId: 'somebody', type: 't' },
  }

  test('is mandatory, and in the name of the link, whatever it says itself', () => {
    expect(publishFields(frame)).toMatchObject({ exchange: 'x', routingKey: 'k', mandatory: true })
    expect(publishProperties(frame, 'me')).toMatchObject({ type: 't', userId: 'me' })
  })

  test('is not mandatory as a reply, which old brokers return although they deliver it', () => {
    const reply = { ...frame, exchange: '', routingKey: 'amq.rabbitmq.reply-to.abc' }
    expect(publishFields(reply).mandatory).toBe(false)
  })

  test('is persistent, or not, as it says, and says nothing of what it has not', () => {
    const modeOf = (properties: FrameProperties) =>
      publishProperties({ ...frame, properties }, 'me').deliveryMode
    expect(modeOf({ persistent: true })).toBe(2)
    expect(modeOf({ persistent: false })).toBe(1)
    expect(modeOf({})).toBeUndefined()
    const said = Object.entries(publishProperties(frame, 'me')).filter(([, value]) => value !== undefined)
    expect(Object.fromEntries(said)).toEqual({ type: 't', userId: 'me' })
  })
})
