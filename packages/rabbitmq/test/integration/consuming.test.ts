import type { Incoming } from '@posthorn/core/transport'
import { type ChannelModel, connect } from 'amqplib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink, type TestLink, textOf } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'

const WORK = 'shipping.q.events'
const DEAD = 'shipping.q.events.dead'

let system: ProvisionedSystem
let admin: ChannelModel
beforeAll(async () => {
  system = await provisionedSystem(shopSystem, { limits: { deliveries: 3 } })
  const url = new URL(system.adminUrl)
  url.pathname = `${system.namespace}.billing`
  admin = await connect(url.href)
})
afterAll(async () => {
  await admin.close()
  await system.dispose()
})
beforeEach(async () => {
  const channel = await admin.createChannel()
  for (const queue of [WORK, DEAD]) await channel.purgeQueue(queue)
  await channel.close()
})

async function depth(queue: string): Promise<number> {
  const channel = await admin.createChannel()
  const { messageCount } = await channel.checkQueue(queue)
  await channel.close()
  return messageCount
}

async function publish(...bodies: readonly string[]): Promise<void> {
  await using billing = await openLink(system, 'billing', 'billing')
  for (const body of bodies) await billing.link.publish(frame('x.events', 'evt.Charged', body), 5_000)
}

describe('consuming', () => {
  test('C31 no more messages are out than the prefetch allows, and they come in order', async () => {
    await publish('1', '2', '3', '4', '5')
    await using shipping = await openLink(system, 'shipping', 'billing')
    const out: Incoming[] = []
    await shipping.link.consume(WORK, { prefetch: 2 }, (incoming) => void out.push(incoming))
    await eventually('two are out', () => out.length === 2)
    const seen: string[] = []
    while (seen.length < 5) {
      await eventually('the next is out', () => out.length > 0)
      expect(out.length).toBeLessThanOrEqual(2)
      const next = out.shift() as Incoming
      seen.push(textOf(next))
      next.ack()
    }
    expect(seen).toEqual(['1', '2', '3', '4', '5'])
  })

  test('a message rejected again and again becomes a dead letter at the delivery limit', async () => {
    await publish('bad')
    await using shipping = await openLink(system, 'shipping', 'billing')
    let deliveries = 0
    await shipping.link.consume(WORK, { prefetch: 5 }, (incoming) => {
      deliveries += 1
      incoming.reject(true)
    })
    await eventually('it is dead', async () => (await depth(DEAD)) === 1)
    expect(deliveries).toBe(4)
  })

  test('a message rejected for good is a dead letter at once', async () => {
    await publish('bad')
    await using shipping = await openLink(system, 'shipping', 'billing')
    let deliveries = 0
    await shipping.link.consume(WORK, { prefetch: 5 }, (incoming) => {
      deliveries += 1
      incoming.reject(false)
    })
    await eventually('it is dead', async () => (await depth(DEAD)) === 1)
    expect(deliveries).toBe(1)
  })

  test('F11 a consumer whose channel breaks gets another, and its messages again', async () => {
    await publish('1')
    await using shipping = await openLink(system, 'shipping', 'billing')
    const seen: boolean[] = []
    await shipping.link.consume(WORK, { prefetch: 5 }, (incoming) => {
      seen.push(incoming.redelivered)
      // Against the contract; amqplib closes the channel over it.
      if (seen.length === 1) throw new Error('the receiver is broken')
      incoming.ack()
    })
    await eventually('it comes again', () => seen.length === 2)
    expect(seen).toEqual([false, true])
    await eventually('the link is up', () => shipping.link.state === 'up')
    expect(shipping.states.map(({ state }) => state)).toEqual(['up', 'down', 'up'])
  })

  test('K7 C29 settling twice is a no-op: the channel and its other messages live', async () => {
    await publish('1', '2')
    await using shipping = await openLink(system, 'shipping', 'billing')
    const seen: string[] = []
    await shipping.link.consume(WORK, { prefetch: 1 }, (incoming) => {
      seen.push(textOf(incoming))
      incoming.ack()
      incoming.ack()
      incoming.reject(true)
      incoming.release()
    })
    await eventually('both are seen', () => seen.length === 2)
    await publish('3')
    await eventually('the third is seen', () => seen.length === 3)
    expect(seen).toEqual(['1', '2', '3'])
    expect(shipping.states.filter(({ state }) => state === 'down')).toEqual([])
  })

  test('after cancel nothing is delivered, and what was delivered can still be settled', async () => {
    await publish('1', '2')
    await using shipping = await openLink(system, 'shipping', 'billing')
    const out: Incoming[] = []
    const consumer = await shipping.link.consume(WORK, { prefetch: 1 }, (incoming) => void out.push(incoming))
    await eventually('one is out', () => out.length === 1)
    await consumer.cancel()
    out[0]?.ack()
    await eventually('one is left', async () => (await depth(WORK)) === 1)
    expect(out.length).toBe(1)
  })

  test('close hands over every ack, and what was not settled is delivered to the next', async () => {
    await publish(...Array.from({ length: 50 }, (_, i) => String(i)))
    const first = await openLink(system, 'shipping', 'billing')
    const out: Incoming[] = []
    await first.link.consume(WORK, { prefetch: 50 }, (incoming) => void out.push(incoming))
    await eventually('all are out', () => out.length === 50)
    for (const incoming of out.slice(0, 40)) incoming.ack()
    await first.link.close(5_000)
    expect(await depth(WORK)).toBe(10)
    out[45]?.ack()
    expect(await depth(WORK)).toBe(10)
  })

  test('a queue that is not there, or not for this user, is refused with its name', async () => {
    await using shipping = await openLink(system, 'shipping', 'billing')
    const consume = (queue: string) => shipping.link.consume(queue, { prefetch: 1 }, () => undefined)
    await expect(consume('q.commands')).rejects.toMatchObject({ code: 'PermissionNotProvisioned' })
    await using billing = await openLink(system, 'billing', 'billing')
    const commands = (link: TestLink) => link.link.consume('q.nothing', { prefetch: 1 }, () => undefined)
    await expect(commands(billing)).rejects.toMatchObject({ code: 'PermissionNotProvisioned' })
    await shipping.link.consume(WORK, { prefetch: 1 }, () => undefined)
  })

  test('F12 C33 a deleted queue shows in the state, and consuming goes on when it is back', async () => {
    const api = new ManagementApi(system.managementUrl)
    const vhost = `${system.namespace}.billing`
    await using billing = await openLink(system, 'billing', 'billing')
    const seen: string[] = []
    await billing.link.consume('q.calls', { prefetch: 5 }, (incoming) => {
      seen.push(textOf(incoming))
      incoming.ack()
    })
    await api.delete('queues', vhost, 'q.calls')
    await eventually('the link is down', () => billing.link.state === 'down')
    const queue = system.plan.vhosts[0]?.queues.find(({ name }) => name === 'q.calls')
    await api.put({ durable: true, arguments: queue?.arguments }, 'queues', vhost, 'q.calls')
    await api.post({ routing_key: 'call.Charge' }, 'bindings', vhost, 'e', 'x.cmd.shop', 'q', 'q.calls')
    await eventually('the link is up', () => billing.link.state === 'up')
    await using shop = await openLink(system, 'shop', 'billing')
    await shop.link.publish(frame('x.cmd.shop', 'call.Charge', 'again'), 5_000)
    await eventually('it consumes again', () => seen.length === 1)
  })
})
