import type { ExternalBus } from '@posthorn/core'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { eventually } from '../support/eventually.ts'
import { frame, openLink } from '../support/open-link.ts'
import { billing, shopSystem } from '../support/shop-system.ts'

/* What a bus is to its broker, as the broker tells it. */

/** The broker counts connections and consumers every few seconds. */
const COUNTED = 20_000

let system: ProvisionedSystem
let management: ManagementApi
let buses: readonly Pick<ExternalBus, 'stop'>[]

beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
  management = new ManagementApi(system.managementUrl)
  const [owner, subscriber, caller] = [busOf('billing'), busOf('shipping'), busOf('shop')]
  owner.registerCommandHandler(billing.commands.Charge, async () => undefined)
  subscriber.registerEventHandlers(billing.events.Charged, async () => undefined)
  caller.registerDomains('billing')
  buses = [owner, subscriber, caller]
  await Promise.all([owner.start(), subscriber.start(), caller.start()])
})
afterAll(async () => {
  await Promise.all(buses.map((bus) => bus.stop()))
  await system.dispose()
})

test('RMQ-06 a domain is connected to its own vhost, consumes its queues there, and answers to the caller’s address', async () => {
  await eventually('it is connected', async () => (await connected('billing')) === 'billing', COUNTED)
  await eventually('it consumes', async () => (await consumed('billing')) === 'q.calls q.commands', COUNTED)
  await using shop = await openLink(system, 'shop', 'billing')
  const call = frame('x.cmd.shop', 'call.Charge', '{"orderId":"1"}', {
    type: 'command:billing.Charge.v1',
    replyTo: 'amq.rabbitmq.reply-to',
    contentType: 'application/json',
    expiration: '10000',
  })
  await shop.link.publish(call, 5_000)
  await eventually('it has answered', () => shop.replies.length === 1)
  expect(shop.replies[0]).toMatchObject({ exchange: '', properties: { userId: 'billing' } })
})

test('RMQ-07 a member is connected to the vhosts of the domains it registered, with an event queue that bears its name', async () => {
  const both = async () => (await connected('shipping')) === 'billing shipping'
  await eventually('it is connected to both', both, COUNTED)
  const consumes = async () => (await consumed('shipping')) === 'shipping.q.events'
  await eventually('it consumes', consumes, COUNTED)
})

test('RMQ-08 after the stop no connection is left on the broker', async () => {
  const users = ['billing', 'shipping', 'shop']
  for (const user of users) {
    await eventually('it is connected', async () => (await connected(user)) !== '', COUNTED)
  }
  await Promise.all(buses.map((bus) => bus.stop()))
  for (const user of users) {
    await eventually('nothing is left', async () => (await connected(user)) === '', COUNTED)
  }
})

function busOf<D extends string>(domain: D): RabbitMqExternalBus<D> {
  const { namespace, urlFor } = system
  return new RabbitMqExternalBus({ system: shopSystem, domain, namespace, url: urlFor(domain) })
}

/** In whose vhosts a user has connections. */
async function connected(user: string): Promise<string> {
  const domains: string[] = []
  for (const domain of shopSystem.domains.keys()) {
    const vhost = `${system.namespace}.${domain}`
    const all = await management.get<{ user: string }[]>('vhosts', vhost, 'connections')
    if (all.some((connection) => connection.user === user)) domains.push(domain)
  }
  return domains.join(' ')
}

/** The queues that a user consumes in the vhost of `billing`. */
async function consumed(user: string): Promise<string> {
  const all = await management.get<{ queue: { name: string }; channel_details: { user: string } }[]>(
    'consumers',
    `${system.namespace}.billing`,
  )
  const own = all.filter(({ channel_details: channel }) => channel.user === user)
  const queues = new Set(own.map(({ queue }) => queue.name).filter((name) => !name.startsWith('amq.')))
  return [...queues].sort().join(' ')
}
