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
})
