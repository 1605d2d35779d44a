import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Frame, FrameProperties } from '../../../src/external-bus/broker.ts'
import { type Expected, receive } from '../../../src/external-bus/receive.ts'
import type { CommandDefinition, EventDefinition } from '../../../src/messages/definitions.ts'
import { allocation } from './allocation-system.ts'
import { frameOf, vectors } from './vectors.ts'

const { Allocate, Audit, Forget } = allocation.commands
const commands: Readonly<Record<string, CommandDefinition>> = { Allocate, Audit, Forget }
const events: Readonly<Record<string, EventDefinition>> = { OutOfStock: allocation.events.OutOfStock }

function commandQueue(queue: string): Expected<CommandDefinition> {
  return {
    queue,
    domain: 'allocation',
    self: 'allocation',
    kind: 'command',
    answered: queue === 'q.calls',
    definition: (name) => commands[name],
    allows: ({ allow }, caller) => allow.includes(caller),
  }
}

const eventQueue: Expected<EventDefinition> = {
  queue: 'notifications.q.events',
  domain: 'allocation',
  self: 'notifications',
  kind: 'event',
  answered: false,
  definition: (name) => events[name],
  allows: () => true,
}

function receiveFrom(queue: string, frame: Frame) {
  return queue === eventQueue.queue ? receive(frame, eventQueue) : receive(frame, commandQueue(queue))
}

const call = vectors.accepted.find(({ queue }) => queue === 'q.calls')
if (call === undefined) throw new Error('the vectors hold a call')

function callWith(properties: FrameProperties, body?: string): Frame {
  const frame = frameOf(call as NonNullable<typeof call>)
  return {
    ...frame,
    body: body === undefined ? frame.body : Buffer.from(body),
    properties: { ...frame.properties, ...properties },
  }
}

describe('a frame is accepted', () => {
  for (const vector of vectors.accepted) {
    test(`when it has ${vector.what}`, () => {
      expect(receiveFrom(vector.queue, frameOf(vector))).toMatchObject({ ok: true })
    })
  }

  test('with its envelope, its sender and a fingerprint of its body', () => {
    const [vector] = vectors.messages.filter(({ what }) => what === 'an event')
    if (vector === undefined) throw new Error('the vectors hold an event')
    const frame = frameOf(vector)
    expect(receive(frame, eventQueue)).toMatchObject({
      message: vector.message,
      sender: { caller: 'allocation', attempt: 1, failedAt: null },
      reply: null,
      timeLeft: null,
      fingerprint: createHash('sha256').update(frame.body).digest('hex'),
    })
  })

  test('and a call with where to answer and for how long its caller waits', () => {
    expect(receive(callWith({}), commandQueue('q.calls'))).toMatchObject({
      ok: true,
      timeLeft: 5_000,
      reply: { messageId: call.properties.message_id, correlationId: undefined, wire: { name: 'Allocate' } },
    })
  })

  test('and a copy that its reader made counts as the original sender’s, with its tries', () => {
    const vector = vectors.accepted.find(({ headers }) => headers['x-posthorn-attempt'] === 3)
    if (vector === undefined) throw new Error('the vectors hold a retry copy')
    expect(receive(frameOf(vector), eventQueue)).toMatchObject({
      sender: { caller: 'allocation', attempt: 3 },
    })
  })

  test('without ids and times but its own: correlation with itself, no cause, AMQP’s time or now', () => {
    const accepted = receive(callWith({ timestamp: 1_763_698_020 }), commandQueue('q.calls'))
    const id = call.properties.message_id
    expect(accepted).toMatchObject({
      message: { id, correlationId: id, causationId: null, time: '2025-11-21T04:07:00.000Z' },
    })
    const received = receive(callWith({ timestamp: 292_277_026_596 }), commandQueue('q.calls'))
    if (!received.ok) throw new Error(received.code)
    expect(Math.abs(Date.parse(received.message.time) - Date.now())).toBeLessThan(60_000)
  })

  test.each([
    ['2025-11-21T04:07:00.123Z', '2025-11-21T04:07:00.123Z'],
    ['2025-12-31T23:59:59.999Z', '2025-12-31T23:59:59.999Z'],
    ['2025-11-21T04:07:00Z', '2025-11-21T04:07:00.000Z'],
    ['2025-02-30T00:00:00.000Z', '2025-03-02T00:00:00.000Z'],
    ['2025-11-20T24:00:00.000Z', '2025-11-21T00:00:00.000Z'],
  ])('with its time %s as `Date` writes it', (time, written) => {
    const headers = { 'x-posthorn-time': time }
    expect(receive(callWith({ headers }), commandQueue('q.calls'))).toMatchObject({
      message: { time: written },
    })
  })

  test('though its trace or its expiration make no sense, which are then left out', () => {
    const headers = { traceparent: 'x'.repeat(55), 'x-posthorn-time': 'yesterday' }
    expect(receive(callWith({ expiration: '-1', headers }), commandQueue('q.calls'))).toMatchObject({
      ok: true,
      timeLeft: null,
      message: { traceparent: null },
    })
  })
})

describe('a frame is refused', () => {
  for (const vector of vectors.refused) {
    test(`as ${vector.reason}: ${vector.what}`, () => {
      expect(receiveFrom(vector.queue, frameOf(vector))).toMatchObject({ ok: false, code: vector.reason })
    })
  }

  test('for the first thing that is wrong with it', () => {
    const frame = callWith({ userId: 'nobody', contentType: 'text/plain', messageId: 'x' }, '[')
    const properties: FrameProperties[] = [
      { ...frame.properties, userId: '' },
      { ...frame.properties, type: 'x' },
      frame.properties,
      { ...frame.properties, userId: 'storefront' },
      { ...frame.properties, userId: 'storefront', messageId: call.properties.message_id as string },
    ]
    const codes = properties.map((one) => {
      const received = receive({ ...frame, properties: one }, commandQueue('q.calls'))
      return received.ok || received.code
    })
    expect(codes).toEqual(['no-user-id', 'bad-type', 'forbidden', 'bad-id', 'bad-content-type'])
  })

  test('and its caller told, when it is known whom to tell', () => {
    const refusal = receive(callWith({ contentType: 'text/plain' }), commandQueue('q.calls'))
    expect(refusal).toMatchObject({
      ok: false,
      sender: { caller: 'storefront' },
      reply: { wire: { name: 'Allocate' } },
    })
  })

  test.each<[string, FrameProperties]>([
    ['has no user-id', { userId: '' }],
    ['has no id', { messageId: '' }],
    ['is no command', { type: 'event:allocation.OutOfStock.v1' }],
    ['belongs elsewhere', { type: 'command:notifications.Notify.v1' }],
    ['wants its answer in a queue', { replyTo: 'notifications.q.events' }],
    ['wants its answer in a queue with a disguise', { replyTo: 'amq.rabbitmq.reply-to.x\nq' }],
    ['wants its answer at too long an address', { replyTo: `amq.rabbitmq.reply-to.${'x'.repeat(256)}` }],
  ])('and nobody told, when it %s', (_what, properties) => {
    expect(receive(callWith(properties), commandQueue('q.calls'))).toMatchObject({ ok: false, reply: null })
  })

  test('when it says on its own headers’ word that it died in our queue, but not in that alone', () => {
    const deaths = (...queues: unknown[]) => ({
      headers: { 'x-death': queues.map((queue) => ({ queue })), 'x-first-death-queue': 'q.calls.retry.1s' },
    })
    const codeOf = (properties: FrameProperties) => {
      const received = receive(callWith(properties), commandQueue('q.calls'))
      return received.ok || received.code
    }
    expect(codeOf(deaths('q.calls', 'q.calls.retry.600s'))).toBe(true)
    expect(codeOf(deaths('q.calls', 'web.q.trap'))).toBe('laundered')
    expect(codeOf(deaths(null))).toBe('laundered')
    expect(codeOf({ headers: { 'x-death': 'q.calls' } })).toBe('laundered')
  })

  test('when a header named __proto__ pretends to be others', () => {
    const headers = Object.create({ 'x-posthorn-orig-user': 'allocation', 'x-posthorn-attempt': 9 })
    const vector = vectors.accepted.find(({ what }) => what === 'an event')
    if (vector === undefined) throw new Error('the vectors hold an event')
    const { properties, ...frame } = frameOf(vector)
    const copy = { ...frame, properties: { ...properties, userId: 'notifications', headers } }
    expect(receive(copy, eventQueue)).toMatchObject({ ok: false, code: 'foreign-sender' })
  })

  test('when an up-caster breaks on it', () => {
    const broken: CommandDefinition = Object.assign(() => ({}) as never, {
      ...Allocate,
      receive: () => {
        throw new RangeError('Maximum call stack size exceeded')
      },
    })
    const expected = { ...commandQueue('q.calls'), definition: () => broken }
    expect(receive(callWith({}), expected)).toMatchObject({ ok: false, code: 'invalid-payload' })
  })
})
