import { command, defineDomain, defineSystem, event } from '@posthorn/core'
import type { ChannelModel } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { RabbitMqExternalBus } from '../../src/rabbitmq-external-bus.ts'
import { connectBare, nextOf } from '../support/bare-client.ts'
import { eventually } from '../support/eventually.ts'

const bank = defineDomain('bank', {
  commands: { Pay: command({ input: z.object({}), allow: ['shop'] }) },
  events: { Paid: event(z.object({})) },
})
const system = defineSystem({ domains: [bank], clients: { shop: {} } })

let provisioned: ProvisionedSystem
let admin: ChannelModel
beforeAll(async () => {
  provisioned = await provisionedSystem(system)
  admin = await connectBare(provisioned, 'bank')
})
afterAll(async () => {
  await admin?.close()
  await provisioned?.dispose()
})

/** A queue of somebody who may declare queues: what is in it soon dies, and comes to the bank's own. */
async function setTrap(exchange: string, key: string): Promise<string> {
  const name = `shop.q.trap.${key}`
  const channel = await admin.createChannel()
  await channel.assertQueue(name, {
    durable: true,
    arguments: {
      'x-message-ttl': 100,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'q.commands',
    },
  })
  await channel.bindQueue(name, exchange, key)
  await channel.close()
  return name
}

test('K4 B5 C63 what a bank publishes comes back to it from a trap in its own name, which a bus sees through', async () => {
  const author = await connectBare(provisioned, 'bank', 'bank')
  const channel = await author.createConfirmChannel()
  const publish = async (type: string, headers = {}) => {
    const properties = { type, userId: 'bank', messageId: crypto.randomUUID(), headers }
    channel.publish('x.events', 'evt.Paid', Buffer.from('{}'), {
      ...properties,
      contentType: 'application/json',
    })
    await channel.waitForConfirms()
  }
  const trap = await setTrap('x.events', 'evt.Paid')
  await publish('command:bank.Pay.v1')
  const { properties, fields } = await nextOf(admin, 'q.commands')
  expect([properties.userId, fields.routingKey]).toEqual(['bank', 'q.commands'])

  await publish('event:bank.Paid.v1')
  await publish('command:bank.Pay.v1')
  // As if the bank had made a copy of a command of the shop: with a copy that it has made anybody could do that.
  await publish('command:bank.Pay.v1', { 'x-posthorn-orig-user': 'shop' })
  const paid: string[] = []
  const { namespace, urlFor } = provisioned
  const bus = new RabbitMqExternalBus({
    domain: 'bank',
    system,
    namespace,
    url: urlFor('bank'),
    onError: () => {},
  })
  bus.registerCommandHandler(bank.commands.Pay, async ({ id }) => void paid.push(id) as undefined)
  await bus.start()
  const reasons: unknown[] = []
  for (let n = 0; n < 3; n++) {
    reasons.push((await nextOf(admin, 'q.commands.dead')).properties.headers?.['x-posthorn-reason'])
  }
  expect(reasons.sort()).toEqual(['forbidden', 'laundered', 'wrong-kind'])
  expect(paid).toEqual([])
  await bus.stop()
  await author.close()
  await (await admin.createChannel()).deleteQueue(trap)
})

test('B5 C63 a copy that died first at home and then in a trap is refused, though its first death is harmless', async () => {
  const { namespace, urlFor } = provisioned
  // Somebody who may bind has what leaves the retry tier come to a queue of his, and from there back.
  await setTrap('x.dlx', 'q.commands')

  const bus = new RabbitMqExternalBus({
    domain: 'bank',
    system,
    namespace,
    url: urlFor('bank'),
    onError: () => {},
  })
  const paid: (readonly [string, number])[] = []
  bus.registerCommandHandler(bank.commands.Pay, async ({ id }, { caller, attempt }) => {
    paid.push([`${id} by ${caller}`, attempt])
    if (attempt === 1) throw new Error('not now')
    return undefined
  })
  await bus.start()
  const shop = new RabbitMqExternalBus({ domain: 'shop', system, namespace, url: urlFor('shop') })
  shop.registerDomains('bank')
  await shop.start()
  const pay = bank.commands.Pay({})
  await shop.send(pay)

  const dead = await nextOf(admin, 'q.commands.dead')
  expect(dead).toMatchObject({
    properties: { messageId: pay.id, headers: { 'x-posthorn-reason': 'laundered' } },
  })
  await eventually('the retry is handled', () => paid.length === 2)
  expect(paid).toEqual([
    [`${pay.id} by shop`, 1],
    [`${pay.id} by shop`, 2],
  ])
  await Promise.all([bus.stop(), shop.stop()])
})
