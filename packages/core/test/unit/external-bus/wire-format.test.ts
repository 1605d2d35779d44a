import { describe, expect, test } from 'vitest'
import { type ErrorBody, errorFrame, replyFrame } from '../../../src/external-bus/answers.ts'
import type { Frame } from '../../../src/external-bus/broker.ts'
import { readAnswer } from '../../../src/external-bus/read-answer.ts'
import {
  callFrame,
  eventFrame,
  MAX_BODY,
  type Outgoing,
  parseWireType,
  sendFrame,
} from '../../../src/external-bus/wire-format.ts'
import { storedMessage } from '../../../src/outbox/stored-message.ts'
import { allocation } from './allocation-system.ts'
import { frameOf, sentBy, vectors } from './vectors.ts'

const replyTo = 'amq.rabbitmq.reply-to.g1h2AA5yZXBseUA4Nzk='
const command = vectors.messages[0]?.message as Outgoing

function encode(message: Outgoing, routingKey: string | undefined): Frame {
  if (message.kind === 'event') return eventFrame(message, 'allocation-1')
  if (routingKey?.startsWith('call.')) return callFrame(message, 'storefront', 'storefront-1', 30_000)
  return sendFrame(message, 'storefront', 'storefront-1')
}

describe('a message on the wire', () => {
  for (const vector of vectors.messages) {
    const { message, properties } = vector
    test(`is as the vectors say: ${vector.what}`, () => {
      const frame = encode(message, vector.routing_key)
      expect(sentBy(String(properties.user_id), frame)).toEqual(frameOf(vector))
    })

    test(`is the same whether it comes from an outbox or not: ${vector.what}`, () => {
      expect(encode(storedMessage(message), vector.routing_key)).toEqual(encode(message, vector.routing_key))
    })
  }

  test('expires at the latest when its caller no longer waits, and in whole milliseconds', () => {
    const expirations = [1234.9, 0.2, -5].map(
      (left) => callFrame(command, 'web', 'i', left).properties.expiration,
    )
    expect(expirations).toEqual(['1234', '1', '1'])
  })

  test('is at most one mebibyte long', () => {
    const { payload: _, ...envelope } = vectors.messages[0]?.message ?? {}
    const body = `"${'x'.repeat(MAX_BODY - 2)}"`
    expect(sendFrame({ ...envelope, body } as Outgoing, 'web', 'i').body).toHaveLength(MAX_BODY)
    expect(() => sendFrame({ ...envelope, body: `${body} ` } as Outgoing, 'web', 'i')).toThrow(
      expect.objectContaining({ code: 'MessageTooLarge', outcome: 'not-executed' }),
    )
  })
})

describe('an answer on the wire', () => {
  const wire = parseWireType('command:allocation.Allocate.v1')
  if (wire === undefined) throw new Error('the type is valid')
  const to = { replyTo, messageId: command.id, correlationId: command.correlationId, wire }

  for (const vector of vectors.answers) {
    test(`is as the vectors say: ${vector.what}`, () => {
      const frame =
        vector.error === undefined
          ? replyFrame(to, vector.result, 'allocation-1')
          : errorFrame(to, JSON.parse(vector.body ?? '') as ErrorBody, 'allocation-1')
      // Its id and time are its own.
      const own = {
        messageId: String(vector.properties.message_id),
        timestamp: Number(vector.properties.timestamp),
        headers: { ...frame.properties.headers, 'x-posthorn-time': vector.headers['x-posthorn-time'] },
      }
      const properties = { ...frame.properties, ...own }
      expect(sentBy('allocation', { ...frame, properties })).toEqual(frameOf(vector))
      expect(frame.properties.headers).toMatchObject({ 'x-posthorn-causation-id': command.id })
    })

    test(`is read as the vectors say: ${vector.what}`, () => {
      const kind = vector.error === undefined ? 'reply' : 'error'
      const read = () => readAnswer(allocation.commands.Allocate, kind, frameOf(vector).body)
      if (vector.error === undefined) expect(read()).toEqual(vector.result)
      else expect(read).toThrow(expect.objectContaining(vector.error))
    })
  }

  test('is the contract’s own error when that is what it tells', () => {
    const body = Buffer.from('{"domain":"allocation","name":"InvalidSku","data":{"sku":"X"}}')
    expect(() => readAnswer(allocation.commands.Allocate, 'error', body)).toThrow(
      allocation.errors.InvalidSku,
    )
  })

  test('with an error or data that the contract does not know is a remote error', () => {
    for (const [remoteName, data] of [
      ['Unheard', {}],
      ['InvalidSku', { sku: 7 }],
    ] as const) {
      const body = Buffer.from(JSON.stringify({ domain: 'allocation', name: remoteName, data }))
      const told = { domain: 'allocation', remoteName, outcome: 'failed', errorId: null }
      expect(() => readAnswer(allocation.commands.Allocate, 'error', body)).toThrow(
        expect.objectContaining({ code: 'RemoteError', ...told }),
      )
    }
  })

  test('tells of an errorId only what fits into a line of a log', () => {
    const body = {
      domain: 'allocation',
      name: 'InternalError',
      errorId: `\r\n\u001b[31m${'x'.repeat(1_000)}`,
    }
    expect(() =>
      readAnswer(allocation.commands.Allocate, 'error', Buffer.from(JSON.stringify(body))),
    ).toThrow(expect.objectContaining({ errorId: `???[31m${'x'.repeat(57)}` }))
  })

  test('that cannot be read leaves the outcome of the call unknown', () => {
    for (const [kind, body] of [
      ['reply', '{"status":"lost"}'],
      ['reply', '{'],
      ['reply', ' '.repeat(MAX_BODY + 1)],
      ['error', '"text"'],
      ['error', '{"domain":"other","name":"InvalidSku","data":{"sku":"X"}}'],
      ['error', '{"domain":"allocation","name":"<b>","errorId":"1"}'],
    ] as const) {
      expect(() => readAnswer(allocation.commands.Allocate, kind, Buffer.from(body))).toThrow(
        expect.objectContaining({ code: 'InvalidReply', outcome: 'unknown' }),
      )
    }
  })
})

describe('the type property', () => {
  test('names kind, domain, message and version', () => {
    expect(parseWireType('reply:front-desk2.CheckIn.v12')).toEqual({
      kind: 'reply',
      domain: 'front-desk2',
      name: 'CheckIn',
      version: 12,
    })
  })

  test.each([
    undefined,
    7,
    '',
    'query:shop.Buy.v1',
    'command:Shop.Buy.v1',
    'command:shop.buy.v1',
    'command:shop.Buy',
    'command:shop.Buy.v0',
    'command:shop.Buy.v01',
    'command:shop.Buy.v1000',
    'command:shop.Buy.v1\n',
    'command:shop-.Buy.v1',
    `command:${'s'.repeat(32)}.Buy.v1`,
    `command:shop.B${'u'.repeat(64)}.v1`,
    'command:shop.x.Buy.v1',
  ])('is nothing else: %s', (text) => {
    expect(parseWireType(text)).toBeUndefined()
  })
})
