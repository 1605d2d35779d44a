import type { Incoming } from '@posthorn/core/transport'
import type { ChannelModel } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { connectBare } from '../support/bare-client.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink, textOf } from '../support/open-link.ts'
import { DEEP_LISTS, publishPoison, publishUnknownType } from '../support/poison.ts'
import { shopSystem } from '../support/shop-system.ts'

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem, { limits: { deliveries: 4 } })
})
afterAll(() => system.dispose())

describe('a message that the decoder chokes on', () => {
  test('B7 F34 becomes a dead letter alone: its neighbours are handled, and none dies with it', async () => {
    await using shop = await openLink(system, 'shop', 'billing')
    const send = (body: string) => shop.link.publish(frame('x.cmd.shop', 'cmd.Charge', body), 5_000)
    const good = Array.from({ length: 20 }, (_, i) => `good ${i}`)
    for (const body of good.slice(0, 10)) await send(body)
    await publishPoison(system, 'billing', 'x.cmd.shop', 'cmd.Charge')
    for (const body of good.slice(10)) await send(body)

    await using billing = await openLink(system, 'billing', 'billing')
    const handled = new Set<string>()
    await billing.link.consume('q.commands', { prefetch: 50 }, (incoming) => {
      // A handler that takes its time, so that messages are out while the connection crashes.
      setTimeout(() => {
        handled.add(textOf(incoming))
        incoming.ack()
      }, 5)
    })

    const admin = await connectBare(system, 'billing')
    const observer = await admin.createChannel()
    const depth = async (queue: string) => (await observer.checkQueue(queue)).messageCount
    await eventually('the poison is dead', async () => (await depth('q.commands.dead')) > 0, 15_000)
    await eventually('all others are handled', () => handled.size === good.length)
    expect(await depth('q.commands.dead')).toBe(1)
    expect(handled).toEqual(new Set(good))
    await send('after')
    await eventually('it goes on', () => handled.has('after'))
    await admin.close()
  })

  test('B7 F34 K2 goes for good from a queue without a delivery limit, and costs no other message of the vhost a life', async () => {
    await using shop = await openLink(system, 'shop', 'billing')
    const call = (body: string) =>
      shop.link.publish(frame('x.cmd.shop', 'call.Charge', body, { persistent: false }), 5_000)
    const good = Array.from({ length: 20 }, (_, i) => `good ${i}`)
    for (const body of good.slice(0, 10)) await call(body)
    await publishPoison(system, 'billing', 'x.cmd.shop', 'call.Charge')
    for (const body of good.slice(10)) await call(body)

    await using billing = await openLink(system, 'billing', 'billing')
    const slow: Incoming[] = []
    await billing.link.consume('q.commands', { prefetch: 50 }, (incoming) => void slow.push(incoming))
    await shop.link.publish(frame('x.cmd.shop', 'cmd.Charge', 'slow'), 5_000)
    await eventually('the slow one is being handled', () => slow.length === 1)
    const handled = new Set<string>()
    let most = 0
    let now = 0
    await billing.link.consume('q.calls', { prefetch: 5, expendable: true }, (incoming) => {
      now += 1
      most = Math.max(most, now)
      setTimeout(() => {
        now -= 1
        handled.add(textOf(incoming))
        incoming.ack()
      }, 5)
    })
    await eventually('all others are handled', () => handled.size === good.length)
    await eventually('the link is up', () => billing.link.state === 'up')
    await call('after')
    await eventually('it goes on', () => handled.has('after'))
    expect(handled).toEqual(new Set([...good, 'after']))
    // Once when it was consumed, once when it was taken: fewer than the delivery limit.
    const losses = billing.states.filter(({ state }) => state === 'down').length
    expect(losses).toBeGreaterThanOrEqual(1)
    expect(losses).toBeLessThanOrEqual(3)
    expect(most).toBeLessThanOrEqual(2 * 5)
    await eventually('the slow one is still there', () => slow.length > losses)
    slow.at(-1)?.ack()
  })

  test('K2 B7 F34 of whatever kind it is, ends a bare consumer each time that it comes back, and ours not for long', async () => {
    const shop = await connectBare(system, 'billing', 'shop')
    const admin = await connectBare(system, 'billing')
    await publishPoison(system, 'billing', 'x.cmd.shop', 'call.Charge')
    for (const time of [1, 2, 3]) expect(await diesConsuming('q.calls'), `time ${time}`).toBe(true)
    const observer = await admin.createChannel()
    await eventually(
      'it is still there',
      async () => (await observer.checkQueue('q.calls')).messageCount === 1,
    )

    await publishPoison(system, 'billing', 'x.cmd.shop', 'call.Charge', DEEP_LISTS)
    await publishUnknownType(shop, 'x.cmd.shop', 'call.Charge', 'of a type')
    await using caller = await openLink(system, 'shop', 'billing')
    const call = frame('x.cmd.shop', 'call.Charge', 'good', { persistent: false })
    await caller.link.publish(call, 5_000)
    // Before the calls are consumed at all, the connection is lost over this one.
    await publishPoison(system, 'billing', 'x.cmd.shop', 'cmd.Charge')
    await using billing = await openLink(system, 'billing', 'billing')
    const handled: string[] = []
    await billing.link.consume('q.commands', { prefetch: 5 }, (incoming) => incoming.ack())
    await billing.link.consume('q.calls', { prefetch: 5, expendable: true }, (incoming) => {
      handled.push(textOf(incoming))
      incoming.ack()
    })
    await eventually('what is good is handled', () => handled.includes('good'))
    await eventually('the link is up', () => billing.link.state === 'up')
    // RabbitMQ 4 turns the unknown type into another in all queues.
    expect(handled.filter((body) => body !== 'of a type')).toEqual(['good'])
    await Promise.all([shop.close(), admin.close()])
  })
})

/** Whether a consumer on amqplib as it is loses its connection over what it is sent. */
async function diesConsuming(queue: string): Promise<boolean> {
  const connection: ChannelModel = await connectBare(system, 'billing', 'billing')
  const died = new Promise<boolean>((resolve) => connection.once('error', () => resolve(true)))
  const channel = await connection.createChannel()
  channel.on('error', () => undefined)
  const received = new Promise<boolean>((resolve) => {
    channel.consume(queue, () => resolve(false)).catch(() => undefined)
  })
  const outcome = await Promise.race([died, received])
  if (!outcome) await connection.close()
  return outcome
}
