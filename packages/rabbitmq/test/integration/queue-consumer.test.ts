import type { Incoming } from '@posthorn/core/transport'
import { afterAll, beforeAll, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { parseAmqpUrl } from '../../src/amqp-url.ts'
import { QueueConsumer } from '../../src/queue-consumer.ts'
import { Session } from '../../src/session.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink } from '../support/open-link.ts'
import { shopSystem } from '../support/shop-system.ts'

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
})
afterAll(() => system.dispose())

test('in quarantine one message is out, and after it as many as were asked for', async () => {
  await using shop = await openLink(system, 'shop', 'billing')
  for (let i = 0; i < 10; i++) await shop.link.publish(frame('x.cmd.shop', 'cmd.Charge', String(i)), 5_000)
  const endpoint = parseAmqpUrl(system.urlFor('billing'), 'billing')
  const session = await Session.open(
    { endpoint, vhost: `${system.namespace}.billing`, name: 'test', tls: undefined },
    { onLost: () => undefined, onBlocked: () => undefined },
  )
  const out: Incoming[] = []
  const consumer = new QueueConsumer({
    queue: 'q.commands',
    prefetch: 4,
    expendable: false,
    receive: (incoming) => void out.push(incoming),
    onTrouble: () => undefined,
  })
  await consumer.attach(session, true)
  await eventually('one is out', () => out.length === 1)
  out[0]?.ack()
  await eventually('the next is out', () => out.length === 2)
  await consumer.endQuarantine()
  // The one from before and four more.
  await eventually('five are out', () => out.length === 6)
  for (const incoming of out) incoming.ack()
  await eventually('all are out', () => out.length === 10)
  await consumer.close()
  await session.close(1_000)
})
