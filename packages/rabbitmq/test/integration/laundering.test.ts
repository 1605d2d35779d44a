import { command, defineDomain, defineSystem } from '@posthorn/core'
import { connect, type GetMessage } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { RabbitMqExternalBus } from '../../src/rabbitmq-external-bus.ts'
import { eventually } from '../support/eventually.ts'

const bank = defineDomain('bank', { commands: { Pay: command({ input: z.object({}), allow: ['shop'] }) } })
const system = defineSystem({ domains: [bank], clients: { shop: {} } })

let provisioned: ProvisionedSystem
beforeAll(async () => {
  provisioned = await provisionedSystem(system)
})
afterAll(() => provisioned.dispose())

test('a copy that died first at home and then in a trap is refused, though its first death is harmless', async () => {
  const { namespace, urlFor, adminUrl } = provisioned
  const url = new URL(adminUrl)
  url.pathname = `${namespace}.bank`
  const admin = await connect(url.href)
  const channel = await admin.createChannel()
  // Somebody who may bind has what leaves the retry tier come to a queue of his, and from there back.
  await channel.assertQueue('shop.q.trap', {
    durable: true,
    arguments: {
      'x-message-ttl': 100,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'q.commands',
    },
  })
  await channel.bindQueue('shop.q.trap', 'x.dlx', 'q.commands')

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

  let dead: GetMessage | false = false
  await eventually('the copy is dead', async () => {
    dead = await channel.get('q.commands.dead', { noAck: true })
    return dead !== false
  })
  expect(dead).toMatchObject({
    properties: { messageId: pay.id, headers: { 'x-posthorn-reason': 'laundered' } },
  })
  await eventually('the retry is handled', () => paid.length === 2)
  expect(paid).toEqual([
    [`${pay.id} by shop`, 1],
    [`${pay.id} by shop`, 2],
  ])
  await Promise.all([bus.stop(), shop.stop()])
  await admin.close()
})
