import type { Incoming } from '@posthorn/core/transport'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { parseAmqpUrl } from '../../src/amqp-url.ts'
import { QueueConsumer } from '../../src/queue-consumer.ts'
import { Session } from '../../src/session.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink, textOf } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'
import { tcpProxy } from '../support/tcp-proxy.ts'

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
})
afterAll(() => system.dispose())

async function publish(messages: number): Promise<void> {
  await using shop = await openLink(system, 'shop', 'billing')
  for (let i = 0; i < messages; i++) {
    await shop.link.publish(frame('x.cmd.shop', 'cmd.Charge', String(i)), 5_000)
  }
}

async function setUp(prefetch: number, url = system.urlFor('billing')) {
  const endpoint = parseAmqpUrl(url, 'billing')
  const session = await Session.open(
    { endpoint, vhost: `${system.namespace}.billing`, name: 'test', tls: undefined },
    { onLost: () => undefined, onBlocked: () => undefined },
  )
  const out: Incoming[] = []
  const consumer = new QueueConsumer({
    queue: 'q.commands',
    prefetch,
    expendable: false,
    receive: (incoming) => void out.push(incoming),
    onTrouble: () => undefined,
  })
  return { session, out, consumer }
}

test('C32 in quarantine one message is out, and after it as many as were asked for', async () => {
  await publish(10)
  const { session, out, consumer } = await setUp(4)
  await consumer.attach(session, true)
  await eventually('one is out', () => out.length === 1)
  out[0]?.ack()
  await eventually('the next is out', () => out.length === 2)
  await consumer.endQuarantine()
  // The one from before and four more.
  await eventually('five are out', () => out.length === 6)
  for (const incoming of out) incoming.ack()
  await eventually('all are out', () => out.length === 10)
  for (const incoming of out) incoming.ack()
  await consumer.close()
  await session.close(1_000)
})

test('the end of quarantine leaves a consumer that takes one message at a time its one', async () => {
  await publish(3)
  const { session, out, consumer } = await setUp(1)
  await consumer.attach(session, true)
  await eventually('one is out', () => out.length === 1)
  await consumer.endQuarantine()
  await expect(eventually('another is out', () => out.length > 1, 500)).rejects.toThrow('in vain')
  for (let i = 0; i < 3; i++) {
    await eventually('the next is out', () => out.length === i + 1)
    out[i]?.ack()
  }
  expect(out.map(textOf)).toEqual(['0', '1', '2'])
  await consumer.close()
  await session.close(1_000)
})

test('a message that the broker has heard to be acknowledged does not come again', async () => {
  await publish(1)
  const first = await setUp(4)
  await first.consumer.attach(first.session)
  await eventually('it is out', () => first.out.length === 1)
  expect(await first.out[0]?.ackConfirmed()).toBe(true)
  first.session.destroy('the test cuts it off')
  const second = await setUp(4)
  await second.consumer.attach(second.session)
  await expect(eventually('it comes again', () => second.out.length > 0, 500)).rejects.toThrow('in vain')
  expect(await first.out[0]?.ackConfirmed()).toBe(false)
  await second.consumer.close()
  await second.session.close(1_000)
})

test('C51 whether it has heard nobody knows whose connection is lost meanwhile: the message comes again', async () => {
  await using proxy = await tcpProxy(system.adminUrl)
  await publish(1)
  const first = await setUp(4, proxy.through(system.urlFor('billing')))
  await first.consumer.attach(first.session)
  await eventually('it is out', () => first.out.length === 1)
  proxy.freeze(true)
  const heard = first.out[0]?.ackConfirmed()
  expect(first.out[0]?.live).toBe(false)
  proxy.cut()
  expect(await heard).toBe(false)
  const second = await setUp(4)
  await second.consumer.attach(second.session)
  await eventually('it comes again', () => second.out.length === 1)
  expect(second.out[0]?.redelivered).toBe(true)
  second.out[0]?.ack()
  await second.consumer.close()
  await second.session.close(1_000)
})
