import { describe, expect, test } from 'vitest'
import { Aborter } from '../../../src/abort.ts'
import { PosthornError } from '../../../src/errors.ts'
import type { BrokerLink, Frame, Incoming } from '../../../src/external-bus/broker.ts'
import { bury, type RetryRoute, replayFrame, retryLater } from '../../../src/external-bus/redelivery.ts'
import { deadLetterSender, effectiveSender } from '../../../src/external-bus/sender.ts'
import { MAX_BODY } from '../../../src/external-bus/wire-format.ts'
import { ManualClock } from '../manual-clock.ts'
import { frameOf, sentBy, type Vector, vectors } from './vectors.ts'

function vector(list: readonly Vector[], what: string): Vector {
  const found = list.find((one) => one.what === what)
  if (found === undefined) throw new Error(`there is no vector for ${what}`)
  return found
}

const event = frameOf(vector(vectors.messages, 'an event'))

/** A link that keeps what is published, or refuses it. */
function openRoute(publish: (frame: Frame) => Promise<void> = async () => undefined) {
  const published: Frame[] = []
  const log: string[] = []
  const clock = new ManualClock()
  const stop = new Aborter()
  const connection = { lost: false }
  const link: BrokerLink = {
    vhost: 'allocation',
    state: 'up',
    publish: async (frame) => {
      await publish(frame)
      published.push(frame)
      log.push('published')
    },
    consume: async () => ({ cancel: async () => undefined }),
    check: async () => undefined,
    declare: async () => undefined,
    close: async () => undefined,
  }
  const route: RetryRoute = {
    link,
    queue: 'notifications.q.events',
    exchange: 'notifications.x.dlx',
    attempts: 8,
    clock,
    stopping: stop,
  }
  const incoming = (frame: Frame): Incoming => ({
    frame,
    redelivered: false,
    get live() {
      return !connection.lost
    },
    ack: () => log.push('ack'),
    ackConfirmed: async () => !connection.lost,
    reject: (requeue) => log.push(`reject ${requeue}`),
    release: () => log.push('release'),
  })
  return { route, incoming, published, log, clock, stop, connection }
}

function triedBefore(frame: Frame, attempt: number): Frame {
  const headers = {
    ...frame.properties.headers,
    'x-posthorn-orig-user': 'allocation',
    'x-posthorn-attempt': attempt,
  }
  return { ...frame, properties: { ...frame.properties, userId: 'notifications', headers } }
}

function failed(frame: Frame, incoming: (frame: Frame) => Incoming) {
  return {
    incoming: incoming(frame),
    sender: effectiveSender(frame, 'notifications') ?? null,
    handler: 'mailStock',
  }
}

describe('a delivery that failed', () => {
  test('is copied as the vectors say, and acknowledged when the copy is confirmed', async () => {
    const { route, incoming, published, log } = openRoute()
    const expected = vector(vectors.copies, 'a retry copy after the second try')
    const frame = triedBefore(event, 2)
    const first = { ...frame.properties.headers, 'x-posthorn-failed-at': '2025-11-21T04:07:01.000Z' }
    const second = { ...frame, properties: { ...frame.properties, headers: first } }
    expect(await retryLater(route, failed(second, incoming))).toBe('retry')
    expect(log).toEqual(['published', 'ack'])
    expect(sentBy('notifications', published[0] as Frame)).toEqual(frameOf(expected))
  })

  test('C21 waits longer each time, and is dead after the last', async () => {
    const { route, incoming, published } = openRoute()
    for (let attempt = 1; attempt <= 8; attempt++)
      await retryLater(route, failed(triedBefore(event, attempt), incoming))
    expect(published.map(({ routingKey }) => routingKey.replace('notifications.q.events.', ''))).toEqual([
      'retry.1s',
      'retry.10s',
      'retry.60s',
      'retry.600s',
      'retry.600s',
      'retry.600s',
      'retry.600s',
      'dead',
    ])
    expect(published[7]?.properties.headers).toMatchObject({ 'x-posthorn-reason': 'attempts-exhausted' })
  })

  test('is buried as the vectors say', async () => {
    const { route, incoming, published } = openRoute()
    const frame = triedBefore(event, 8)
    const headers = { ...frame.properties.headers, 'x-posthorn-failed-at': '2025-11-21T04:07:01.000Z' }
    const last = { ...frame, properties: { ...frame.properties, headers } }
    expect(await bury(route, failed(last, incoming), 'attempts-exhausted')).toBe('dead-letter')
    expect(sentBy('notifications', published[0] as Frame)).toEqual(
      frameOf(vector(vectors.copies, 'a dead letter')),
    )
  })

  test('is held while it cannot be copied, so that it is not soon dead for no fault of its own', async () => {
    let full = true
    const { route, incoming, log, clock } = openRoute(async () => {
      if (full) throw new Error('full')
    })
    const done = retryLater(route, failed(event, incoming))
    await clock.advance(50_000)
    expect(log).toEqual([])
    full = false
    await clock.advance(5_000)
    expect(log).toEqual(['published', 'ack'])
    expect(await done).toBe('retry')
  })

  test('goes back to its queue when it cannot be copied for a minute', async () => {
    const { route, incoming, log, clock } = openRoute(() => Promise.reject(new Error('full')))
    const done = retryLater(route, failed(event, incoming))
    await clock.advance(60_000)
    expect(log).toEqual(['reject true'])
    expect(await done).toBe('requeue')
  })

  test('leaves no more than two copies of which nobody knows', async () => {
    let tries = 0
    const { route, incoming, log, clock } = openRoute(() => {
      tries += 1
      throw new PosthornError('PublishTimeout', 'not confirmed', { outcome: 'unknown' })
    })
    const done = retryLater(route, failed(event, incoming))
    await clock.advance(60_000)
    expect(await done).toBe('requeue')
    expect([tries, log]).toEqual([2, ['reject true']])
  })

  test('is not copied again once its connection has gone: it comes by itself', async () => {
    let tries = 0
    const { route, incoming, clock, connection } = openRoute(async () => {
      tries += 1
      connection.lost = true
      throw new Error('lost')
    })
    const done = retryLater(route, failed(event, incoming))
    await clock.advance(60_000)
    expect([await done, tries]).toEqual(['requeue', 1])
  })

  test('is left unsettled when the stop comes first', async () => {
    const { route, incoming, log, stop } = openRoute(() => Promise.reject(new Error('full')))
    const done = retryLater(route, failed(event, incoming))
    stop.abort('the stop')
    await expect(done).rejects.toThrow('full')
    expect(log).toEqual([])
  })

  test('is moved to the dead queue by the broker when its body is too large to be published again', async () => {
    const { route, incoming, published, log } = openRoute()
    const large = { ...event, body: Buffer.alloc(MAX_BODY + 1) }
    expect(await bury(route, failed(large, incoming), 'too-large')).toBe('dead-letter')
    expect([published.length, log]).toEqual([0, ['reject false']])
  })

  test('B7 leaves behind its expiration, its reply address and the headers of strangers', async () => {
    const { route, incoming, published } = openRoute()
    const headers = {
      ...event.properties.headers,
      'x-first-death-queue': 'q',
      secret: 's',
      tracestate: 'a=b',
    }
    const frame = { ...event, properties: { ...event.properties, expiration: '5', replyTo: 'r', headers } }
    await retryLater(route, failed(frame, incoming))
    const { properties } = published[0] as Frame
    expect(properties).not.toHaveProperty('expiration')
    expect(properties).not.toHaveProperty('replyTo')
    expect(Object.keys(properties.headers ?? {}).sort()).toEqual([
      'tracestate',
      'x-posthorn-attempt',
      'x-posthorn-causation-id',
      'x-posthorn-failed-at',
      'x-posthorn-handler',
      'x-posthorn-orig-user',
      'x-posthorn-time',
    ])
  })

  test('names no original sender when there was none to verify', async () => {
    const { route, incoming, published } = openRoute()
    await bury(route, { incoming: incoming(event), sender: null, handler: null }, 'no-user-id')
    expect(published[0]?.properties.headers).not.toHaveProperty('x-posthorn-orig-user')
  })
})

test('the sender of a dead letter is believed of its reader’s copies alone, and nobody’s is nobody’s', () => {
  const dead = frameOf(vector(vectors.copies, 'a dead letter'))
  expect(deadLetterSender(sentBy('notifications', dead), 'notifications')?.caller).toBe('allocation')
  expect(deadLetterSender(sentBy('storefront', dead), 'notifications')?.caller).toBe('storefront')
  expect(deadLetterSender(sentBy('notifications', event), 'notifications')).toBeUndefined()
  const { userId: _, ...anonymous } = dead.properties
  expect(deadLetterSender({ ...dead, properties: anonymous }, 'notifications')).toBeUndefined()
})

test('a dead letter that is replayed is new but for its sender', () => {
  const dead = frameOf(vector(vectors.copies, 'a dead letter'))
  const replay = replayFrame(dead, 'allocation', {
    queue: 'notifications.q.events',
    exchange: 'notifications.x.dlx',
  })
  expect(replay.routingKey).toBe('notifications.q.events')
  expect(replay.body).toBe(dead.body)
  expect(effectiveSender(sentBy('notifications', replay), 'notifications')).toEqual({
    caller: 'allocation',
    attempt: 1,
    failedAt: null,
  })
})
