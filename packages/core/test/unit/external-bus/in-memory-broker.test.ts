import { describe, expect, test } from 'vitest'
import type { BrokerLink, Frame, Incoming } from '../../../src/external-bus/broker.ts'
import { InMemoryBroker } from '../../../src/external-bus/in-memory-broker.ts'
import { planSystem } from '../../../src/external-bus/plan-system.ts'
import type { QueuePlan, SystemPlan } from '../../../src/external-bus/topology.ts'
import { ManualClock, settle } from '../manual-clock.ts'
import { system } from './allocation-system.ts'

/** One vhost with a queue `q`, its dead queue, and one user who may do everything. */
function planWith(args: QueuePlan['arguments']): SystemPlan {
  return {
    users: ['a'],
    vhosts: [
      {
        name: 'v',
        owner: 'a',
        exchanges: [{ name: 'x', type: 'direct' }],
        queues: [
          {
            name: 'q',
            arguments: { ...args, 'x-dead-letter-exchange': 'x', 'x-dead-letter-routing-key': 'dead' },
          },
          { name: 'q.dead', arguments: {} },
        ],
        bindings: [
          { exchange: 'x', queue: 'q', routingKey: 'k' },
          { exchange: 'x', queue: 'q.dead', routingKey: 'dead' },
        ],
        permissions: [{ user: 'a', configure: '^$', write: '.*', read: '.*' }],
        topicPermissions: [],
      },
    ],
  }
}

function frame(text: string, rest: Partial<Frame> = {}): Frame {
  return { exchange: 'x', routingKey: 'k', body: Buffer.from(text), properties: {}, ...rest }
}

const ignore = { onState: () => {}, onReply: () => {}, onRepliesLost: () => {} }

async function open(args: QueuePlan['arguments'] = {}) {
  const clock = new ManualClock()
  const broker = new InMemoryBroker({ plan: planWith(args), clock })
  const link = await broker.connect('a').open('v', ignore)
  const publish = (text: string, rest?: Partial<Frame>, deadline = 1_000) =>
    link.publish(frame(text, rest), deadline)
  return { clock, broker, link, publish }
}

async function consume(link: BrokerLink, prefetch = 10) {
  const received: Incoming[] = []
  const consumer = await link.consume('q', { prefetch }, (incoming) => received.push(incoming))
  return { received, consumer, texts: () => received.map((one) => Buffer.from(one.frame.body).toString()) }
}

describe('a queue', () => {
  test('is first in, first out, and what comes back keeps its place', async () => {
    const { link, publish } = await open()
    for (const text of ['1', '2', '3', '4']) await publish(text)
    const { received, texts } = await consume(link, 2)
    await settle()
    expect(texts()).toEqual(['1', '2'])
    received[0]?.release()
    received[1]?.ack()
    await settle()
    expect(texts()).toEqual(['1', '2', '1', '3'])
    expect(received.map(({ redelivered }) => redelivered)).toEqual([false, false, true, false])
  })

  test('has no more out than the prefetch, and shares among consumers in turn', async () => {
    const { broker, link, publish } = await open()
    const [one, other] = [await consume(link, 1), await consume(link, 1)]
    for (const text of ['1', '2', '3']) await publish(text)
    await settle()
    expect([...one.texts(), ...other.texts()].sort()).toEqual(['1', '2'])
    expect(broker.queueDepth('v', 'q')).toBe(1)
  })

  test('with a single active consumer serves one only, until that is gone', async () => {
    const { link, publish } = await open({ 'x-single-active-consumer': true })
    const [one, other] = [await consume(link, 1), await consume(link, 1)]
    await publish('1')
    await publish('2')
    await settle()
    expect([one.texts(), other.texts()]).toEqual([['1'], []])
    await one.consumer.cancel()
    await settle()
    expect(other.texts()).toEqual(['2'])
  })

  test('settles a message once', async () => {
    const { broker, link, publish } = await open()
    const { received } = await consume(link)
    await publish('1')
    await settle()
    received[0]?.ack()
    received[0]?.reject(true)
    received[0]?.release()
    await settle()
    expect(received).toHaveLength(1)
    expect(broker.queueDepth('v', 'q')).toBe(0)
  })

  test('gives up a message that exceeds the delivery limit, to the dead queue with its story', async () => {
    const { broker, link, publish } = await open({ 'x-delivery-limit': 2 })
    const { received } = await consume(link, 1)
    await publish('bad', { properties: { expiration: '60000', headers: { own: 'h' } } })
    for (let delivery = 0; delivery < 3; delivery++) {
      await settle()
      received[delivery]?.reject(true)
    }
    await settle()
    expect(received).toHaveLength(3)
    const [dead] = broker.deadLetters('v', 'q')
    expect(dead?.properties).not.toHaveProperty('expiration')
    expect(dead?.properties.headers).toMatchObject({
      own: 'h',
      'x-first-death-queue': 'q',
      'x-first-death-reason': 'delivery_limit',
    })
  })

  test('tells of every death of a message, the last one first', async () => {
    const { broker, link, publish } = await open()
    const earlier = { 'x-first-death-queue': 'p', 'x-death': [{ queue: 'p' }] }
    await publish('1', { properties: { headers: earlier } })
    const { received } = await consume(link)
    await settle()
    received[0]?.reject(false)
    const [dead] = broker.deadLetters('v', 'q')
    expect(dead?.properties.headers).toMatchObject({
      'x-first-death-queue': 'p',
      'x-death': [{ queue: 'q', reason: 'rejected' }, { queue: 'p' }],
    })
  })

  test('does not count what is only handed back', async () => {
    const { link, publish } = await open({ 'x-delivery-limit': 1 })
    const { received } = await consume(link, 1)
    await publish('1')
    for (let delivery = 0; delivery < 5; delivery++) {
      await settle()
      received[delivery]?.release()
    }
    await settle()
    expect(received).toHaveLength(6)
  })

  test('expires messages by its own age or by theirs, whichever is shorter', async () => {
    const { clock, broker, publish } = await open({ 'x-message-ttl': 1_000 })
    await publish('queue’s')
    await publish('own', { properties: { expiration: '100' } })
    await publish('long', { properties: { expiration: '5000' } })
    await clock.advance(100)
    expect(broker.queueDepth('v', 'q')).toBe(2)
    await clock.advance(900)
    expect(broker.queueDepth('v', 'q')).toBe(0)
    expect(broker.deadLetters('v', 'q').map(({ body }) => Buffer.from(body).toString())).toEqual([
      'own',
      'queue’s',
      'long',
    ])
  })

  test('refuses more than its length', async () => {
    const { publish } = await open({ 'x-max-length': 2, 'x-overflow': 'reject-publish' })
    await publish('1')
    await publish('2')
    await expect(publish('3')).rejects.toMatchObject({ code: 'PublishRefused', outcome: 'unknown' })
  })

  test('refuses more than its bytes', async () => {
    const { publish } = await open({ 'x-max-length-bytes': 3, 'x-overflow': 'reject-publish' })
    await publish('1234')
    await expect(publish('5')).rejects.toMatchObject({ code: 'PublishRefused' })
  })
})

describe('a link', () => {
  test('gets back what it published when there is no queue for it', async () => {
    const { publish } = await open()
    await expect(publish('1', { routingKey: 'other' })).rejects.toMatchObject({
      code: 'Unroutable',
      outcome: 'not-executed',
    })
    await expect(publish('1', { exchange: 'missing' })).rejects.toMatchObject({ code: 'PublishFailed' })
  })

  test('that was broken gives back what was out, counts it, ignores its acks and comes back by itself', async () => {
    const clock = new ManualClock()
    const broker = new InMemoryBroker({ plan: planWith({}), clock })
    const states: string[] = []
    let lost = 0
    const link = await broker.connect('a').open('v', {
      ...ignore,
      onState: (state) => states.push(state),
      onRepliesLost: () => {
        lost += 1
      },
    })
    const { received } = await consume(link)
    await link.publish(frame('1'), 1_000)
    await settle()
    broker.disconnect('a')
    received[0]?.ack()
    const publication = link.publish(frame('2'), 1_000)
    expect(broker.queueDepth('v', 'q')).toBe(1)
    await clock.advance(10)
    await publication
    await settle()
    expect(states).toEqual(['up', 'down', 'up'])
    expect(lost).toBe(1)
    expect(received.map((one) => [Buffer.from(one.frame.body).toString(), one.redelivered])).toEqual([
      ['1', false],
      ['1', true],
      ['2', false],
    ])
  })

  test('that is away for too long has certainly not published what waited', async () => {
    const { clock, broker, publish } = await open()
    broker.disconnect('a')
    const failing = expect(publish('1', {}, 5)).rejects.toMatchObject({
      code: 'BrokerUnreachable',
      outcome: 'not-executed',
    })
    await clock.advance(5)
    await failing
  })

  test('that is closed publishes nothing and takes nothing', async () => {
    const { broker, link, publish } = await open()
    const { received } = await consume(link)
    await link.close(0)
    await expect(publish('1')).rejects.toMatchObject({ code: 'ConnectionLost' })
    await broker.inject('a', 'v', frame('2'))
    await settle()
    expect(received).toEqual([])
  })
})

describe('the broker', () => {
  const plan = planSystem(system)
  const command = (exchange: string): Frame => ({
    exchange,
    routingKey: 'cmd.Allocate',
    body: Buffer.from('{}'),
    properties: {},
  })

  test('lets users do what their permissions say and no more', async () => {
    const broker = new InMemoryBroker({ plan })
    await broker.inject('storefront', 'allocation', command('x.cmd.storefront'))
    for (const [user, vhost, exchange, code] of [
      ['storefront', 'allocation', 'x.cmd.notifications', 'PublishFailed'],
      ['storefront', 'allocation', 'x.events', 'PublishFailed'],
      ['storefront', 'allocation', '', 'PublishFailed'],
      ['storefront', 'notifications', 'x.events', 'AccessRefused'],
      ['stranger', 'allocation', 'x.cmd.storefront', 'AccessRefused'],
      ['storefront', 'nowhere', 'x.cmd.storefront', 'AccessRefused'],
    ] as const) {
      await expect(broker.inject(user, vhost, command(exchange))).rejects.toMatchObject({ code })
    }
    const link = await broker.connect('storefront').open('allocation', ignore)
    await expect(link.consume('q.commands', { prefetch: 1 }, () => {})).rejects.toMatchObject({
      code: 'PermissionNotProvisioned',
    })
    await expect(link.check(['x.events'], ['q.calls'])).rejects.toMatchObject({
      code: 'PermissionNotProvisioned',
      details: { missing: ['x.events', 'q.calls'] },
    })
  })

  test('vouches for the user-id that is there, and lets an absent one pass', async () => {
    const broker = new InMemoryBroker({ plan })
    const frame = command('x.cmd.storefront')
    const forged = { ...frame, properties: { userId: 'notifications' } }
    await expect(broker.inject('storefront', 'allocation', forged)).rejects.toMatchObject({
      code: 'PublishFailed',
    })
    await broker.inject('storefront', 'allocation', frame)
    expect(broker.queueDepth('allocation', 'q.commands')).toBe(1)
  })

  test('keeps messages when a plan is applied again, and takes away bindings that it no longer lists', async () => {
    const broker = new InMemoryBroker({ plan })
    await broker.inject('storefront', 'allocation', command('x.cmd.storefront'))
    const narrower = { ...plan, vhosts: plan.vhosts.map((vhost) => ({ ...vhost, bindings: [] })) }
    broker.apply(narrower)
    expect(broker.queueDepth('allocation', 'q.commands')).toBe(1)
    await expect(
      broker.inject('storefront', 'allocation', command('x.cmd.storefront')),
    ).rejects.toMatchObject({ code: 'Unroutable' })
  })

  test('names the argument in which a plan differs from what there is', () => {
    const broker = new InMemoryBroker({ plan })
    expect(() => broker.apply(planSystem(system, { limits: { deliveries: 3 } }))).toThrow(
      expect.objectContaining({
        code: 'TopologyMismatch',
        details: { name: 'q.commands', argument: 'x-delivery-limit' },
      }),
    )
  })

  test('lets a user declare only what it may configure, and bind only what it may read', async () => {
    const selfDeclared = planSystem(system, { selfDeclare: true })
    const bare = selfDeclared.vhosts.map((vhost) => ({ ...vhost, exchanges: [], queues: [], bindings: [] }))
    const broker = new InMemoryBroker({ plan: { ...selfDeclared, vhosts: bare } })
    const [vhostPlan] = selfDeclared.vhosts
    if (vhostPlan === undefined) throw new Error('there is a vhost')
    const link = await broker.connect('notifications').open('allocation', ignore)
    await expect(link.declare(vhostPlan)).rejects.toMatchObject({ code: 'AccessRefused' })
    const tap = { exchange: 'x.events', queue: 'notifications.q.events', routingKey: '#' }
    await expect(
      link.declare({ ...vhostPlan, exchanges: [], queues: [], bindings: [tap] }),
    ).rejects.toMatchObject({ code: 'AccessRefused' })
  })
})

test('a consumer that begins while the connection is broken gets each message once', async () => {
  const { broker, clock, link, publish } = await open()
  broker.disconnect('a')
  const { received, texts } = await consume(link, 1)

  await clock.advance(10)
  await publish('1')
  await publish('2')
  await settle()
  received[0]?.ack()
  await settle()

  expect(texts()).toEqual(['1', '2'])
  expect(broker.queues()).toContainEqual({ vhost: 'v', name: 'q', waiting: [], out: 1 })
})

test('a broker that restarts can lose what waits, and nothing else', async () => {
  const { broker, link, publish } = await open()
  await consume(link, 1)
  for (const text of ['1', '2', '3']) await publish(text)
  await settle()

  broker.lose(({ body }) => Buffer.from(body).toString() !== '3')

  expect(broker.queues()).toContainEqual({ vhost: 'v', name: 'q', waiting: [expect.anything()], out: 1 })
})
