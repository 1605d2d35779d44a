import type { Incoming } from '@posthorn/core/transport'
import { connect } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink, textOf } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem, { limits: { deliveries: 4 } })
})
afterAll(() => system.dispose())

/** Publishes a message with headers nested too deep for amqplib's decoder. The broker does not mind them. */
async function publishPoison(exchange: string, key: string): Promise<void> {
  const { protocol, host, username, password } = new URL(system.managementUrl)
  const headers = `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`
  const response = await fetch(
    `${protocol}//${host}/api/exchanges/${system.namespace}.billing/${exchange}/publish`,
    {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
      body: `{"properties":{"delivery_mode":2,"headers":${headers}},"routing_key":"${key}","payload":"poison","payload_encoding":"string"}`,
    },
  )
  expect(await response.json()).toEqual({ routed: true })
}

const DEPTH = 6_000

async function connectAsAdmin() {
  const url = new URL(system.adminUrl)
  url.pathname = `${system.namespace}.billing`
  return connect(url.href)
}

describe('a message that the decoder chokes on', () => {
  test('becomes a dead letter alone: its neighbours are handled, and none dies with it', async () => {
    await using shop = await openLink(system, 'shop', 'billing')
    const send = (body: string) => shop.link.publish(frame('x.cmd.shop', 'cmd.Charge', body), 5_000)
    const good = Array.from({ length: 20 }, (_, i) => `good ${i}`)
    for (const body of good.slice(0, 10)) await send(body)
    await publishPoison('x.cmd.shop', 'cmd.Charge')
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

    const admin = await connectAsAdmin()
    const observer = await admin.createChannel()
    const depth = async (queue: string) => (await observer.checkQueue(queue)).messageCount
    await eventually('the poison is dead', async () => (await depth('q.commands.dead')) > 0)
    await eventually('all others are handled', () => handled.size === good.length)
    expect(await depth('q.commands.dead')).toBe(1)
    expect(handled).toEqual(new Set(good))
    await send('after')
    await eventually('it goes on', () => handled.has('after'))
    await admin.close()
  })

  test('goes for good from a queue without a delivery limit, and costs no other message of the vhost a life', async () => {
    await using shop = await openLink(system, 'shop', 'billing')
    const call = (body: string) =>
      shop.link.publish(frame('x.cmd.shop', 'call.Charge', body, { persistent: false }), 5_000)
    const good = Array.from({ length: 20 }, (_, i) => `good ${i}`)
    for (const body of good.slice(0, 10)) await call(body)
    await publishPoison('x.cmd.shop', 'call.Charge')
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
})
