import { command, defineDomain, defineSystem, event } from '@posthorn/core'
import type { ChannelModel } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { ManagementApi } from '../../src/provisioning/management-api.ts'
import { RabbitMqExternalBus } from '../../src/rabbitmq-external-bus.ts'
import { connectBare, nextOf, refusalOf } from '../support/bare-client.ts'
import { eventually } from '../support/eventually.ts'

/* What RabbitMQ lets pass to somebody with amqplib as it is, and what comes of it here. */

const bank = defineDomain('bank', {
  commands: {
    Pay: command({ input: z.object({}), output: z.object({ receipt: z.string() }), allow: ['shop'] }),
    Close: command({ input: z.object({}), allow: ['owner'] }),
  },
  events: { Paid: event(z.object({ receipt: z.string() })) },
})
const system = defineSystem({
  domains: [bank],
  clients: { shop: {}, owner: {}, audit: { subscribes: [bank.events.Paid] } },
})

let provisioned: ProvisionedSystem
let admin: ChannelModel
let shop: ChannelModel
beforeAll(async () => {
  provisioned = await provisionedSystem(system)
  admin = await connectBare(provisioned, 'bank')
  shop = await connectBare(provisioned, 'bank', 'shop')
})
afterAll(async () => {
  await Promise.all([admin?.close(), shop?.close()])
  await provisioned?.dispose()
})

const pay = () => ({
  type: 'command:bank.Pay.v1',
  messageId: crypto.randomUUID(),
  contentType: 'application/json',
  userId: 'shop',
})

/** A bank that notes whom it has served, and what it has refused. */
async function openBank() {
  const served: string[] = []
  const reported: string[] = []
  const { namespace, urlFor } = provisioned
  const bus = new RabbitMqExternalBus({
    domain: 'bank',
    system,
    namespace,
    url: urlFor('bank'),
    onError: ({ reason, action }) => reported.push(`${reason}, ${action}`),
  })
  bus.registerCommandHandler(bank.commands.Pay, async ({ id }, { caller }) => {
    served.push(`Pay by ${caller}`)
    return { receipt: id }
  })
  bus.registerCommandHandler(bank.commands.Close, async (_command, { caller }) => {
    served.push(`Close by ${caller}`)
    return undefined
  })
  await bus.start()
  return { served, reported, [Symbol.asyncDispose]: () => bus.stop().then(() => undefined) }
}

async function isOlderThan(major: number, minor: number, patch: number): Promise<boolean> {
  const { rabbitmq_version } = await new ManagementApi(provisioned.managementUrl).get<{
    readonly rabbitmq_version: string
  }>('overview')
  const found = rabbitmq_version.split('.').map(Number)
  const [difference = 0] = [major, minor, patch].map((one, i) => (found[i] ?? 0) - one).filter(Boolean)
  return difference < 0
}

test('K3 B4 a bare callee writes into the queue that its caller names, in its own name; a bus does not', async () => {
  const channel = await shop.createConfirmChannel()
  const trap = () =>
    channel.publish('x.cmd.shop', 'call.Pay', Buffer.from('{}'), { ...pay(), replyTo: 'audit.q.events' })

  const callee = await connectBare(provisioned, 'bank', 'bank')
  const answering = await callee.createConfirmChannel()
  const { consumerTag } = await answering.consume('q.calls', (message) => {
    if (message === null) return
    answering.sendToQueue(message.properties.replyTo, Buffer.from('"forged"'), { userId: 'bank' })
    answering.ack(message)
  })
  trap()
  const written = await nextOf(admin, 'audit.q.events')
  expect([written.content.toString(), written.properties.userId]).toEqual(['"forged"', 'bank'])
  await answering.cancel(consumerTag)
  await callee.close()

  await using service = await openBank()
  trap()
  await eventually('the trap is refused', () => service.reported.length > 0)
  expect(service.reported).toEqual(['bad-reply-to, drop'])
  expect(service.served).toEqual([])
  expect((await channel.checkQueue('audit.q.events').catch(() => null))?.messageCount ?? 0).toBe(0)
})

test('K3 no queue can have the name of an address for replies, not even an administrator’s', async () => {
  const api = new ManagementApi(provisioned.managementUrl)
  const vhost = `${provisioned.namespace}.bank`
  for (const name of ['amq.rabbitmq.reply-to.x', 'amq.rabbitmq.reply-to.g1h2AA5yZXBseUA4Nzk=.AAAA']) {
    // RabbitMQ up to 4.0 ends the whole connection over the first.
    const connection = await connectBare(provisioned, 'bank')
    const ended = new Promise<string>((resolve) => connection.once('close', () => resolve('refused')))
    const declared = refusalOf(connection, (channel) => channel.assertQueue(name))
    const outcome = await Promise.race([ended, declared.then((code) => (code === null ? 'done' : 'refused'))])
    expect(outcome).toBe('refused')
    await connection.close().catch(() => undefined)
    await api.put({ durable: true }, 'queues', vhost, name).catch(() => undefined)
    const queues = await api.get<readonly { readonly name: string }[]>('queues', vhost)
    expect(queues.map((queue) => queue.name)).not.toContain(name)
  }
})

test('K6 B1 the broker checks a user-id only when it is there, and closes the channel over another’s', async () => {
  const publish = (properties: object) =>
    refusalOf(shop, async (channel) => {
      channel.publish('x.cmd.shop', 'cmd.Pay', Buffer.from('{}'), properties)
      await channel.waitForConfirms()
    })
  const { userId: _, ...anonymous } = pay()
  expect(await publish(anonymous)).toBeNull()
  expect((await nextOf(admin, 'q.commands')).properties.userId).toBeUndefined()
  // So nobody can republish a message for a retry in its sender's name.
  expect(await publish({ ...pay(), userId: 'owner' })).toBe(406)

  await using service = await openBank()
  expect(await publish(anonymous)).toBeNull()
  expect(await publish(pay())).toBeNull()
  await eventually('one is served', () => service.served.length === 1)
  await eventually('one is refused', () => service.reported.length === 1)
  expect([service.served, service.reported]).toEqual([['Pay by shop'], ['no-user-id, dead-letter']])
  expect((await nextOf(admin, 'q.commands.dead')).properties.headers).not.toHaveProperty(
    'x-posthorn-orig-user',
  )
})

test('B1 a user of the broker who is nobody in the system may use no command, whatever he is allowed there', async () => {
  await using service = await openBank()
  const { username } = new URL(provisioned.adminUrl)
  const channel = await admin.createConfirmChannel()
  for (const key of ['cmd.Pay', 'cmd.Close']) {
    const type = `command:bank.${key.slice(4)}.v1`
    channel.publish('', 'q.commands', Buffer.from('{}'), { ...pay(), type, userId: username })
  }
  await eventually('both are refused', () => service.reported.length === 2)
  expect(service.reported).toEqual(Array(2).fill('forbidden, dead-letter'))
  expect(service.served).toEqual([])
  await channel.purgeQueue('q.commands.dead')
})

test('K6 B16 carbon copies get round the rights to topics in old releases, but reach no command that is not allowed', async () => {
  const vhost = `${provisioned.namespace}.bank`
  const api = new ManagementApi(provisioned.managementUrl)
  const channel = await admin.createConfirmChannel()
  await channel.assertExchange('shop.topics', 'topic')
  await channel.assertQueue('shop.secret', { arguments: { 'x-queue-type': 'quorum' } })
  await channel.bindQueue('shop.secret', 'shop.topics', 'secret')
  const [permission] = provisioned.plan.vhosts.flatMap(({ permissions }) =>
    permissions.filter(({ user }) => user === 'shop'),
  )
  const write = '^(x\\.cmd\\.shop|shop\\.topics)$'
  await api.put({ configure: '^$', read: '^$', write }, 'permissions', vhost, 'shop')
  await api.put({ exchange: 'shop.topics', write: '^open$', read: '^$' }, 'topic-permissions', vhost, 'shop')
  const copied = await refusalOf(shop, async (mine) => {
    mine.publish('shop.topics', 'open', Buffer.from('x'), { CC: ['secret'] })
    await mine.waitForConfirms()
  })
  expect(copied === null).toBe(await isOlderThan(4, 0, 3))
  await api.put({ configure: '^$', read: '^$', write: permission?.write }, 'permissions', vhost, 'shop')

  await using service = await openBank()
  const copies = ['cmd.Close', 'call.Close', ...Array(1_000).fill('cmd.Pay'), 'q.commands', 'evt.Paid', '#']
  for (const name of ['CC', 'BCC']) {
    const mine = await shop.createConfirmChannel()
    mine.publish('x.cmd.shop', 'cmd.Pay', Buffer.from('{}'), { ...pay(), headers: { [name]: copies } })
    await mine.waitForConfirms()
    await mine.close()
  }
  expect(
    await refusalOf(shop, async (mine) => {
      mine.publish('x.cmd.shop', 'cmd.Pay', Buffer.from('{}'), pay())
      await mine.waitForConfirms()
    }),
  ).toBeNull()
  await eventually('three are served', () => service.served.length >= 3)
  expect(service.served).toEqual(Array(3).fill('Pay by shop'))
  expect(service.reported).toEqual([])
  expect((await channel.checkQueue('audit.q.events')).messageCount).toBe(0)
})

test('K5 a right by a name that is not anchored, or that an exchange shares with a queue, gives more than it says', async () => {
  const vhost = `${provisioned.namespace}.bank`
  const api = new ManagementApi(provisioned.managementUrl)
  const channel = await admin.createConfirmChannel()
  await channel.assertExchange('orders', 'direct')
  await channel.assertExchange('shop.x.mine', 'fanout')
  await channel.assertQueue('orders', { arguments: { 'x-queue-type': 'quorum' } })
  await channel.assertQueue('audit-of-orders-2025', { arguments: { 'x-queue-type': 'quorum' } })
  const planned = provisioned.plan.vhosts[0]?.permissions.find(({ user }) => user === 'shop')

  // To publish to the exchange, and to read what was ordered.
  await api.put({ configure: '^$', write: '^orders$', read: 'orders|mine' }, 'permissions', vhost, 'shop')
  expect(await refusalOf(shop, (mine) => mine.bindQueue('orders', 'shop.x.mine', ''))).toBeNull()
  expect(await refusalOf(shop, (mine) => mine.get('audit-of-orders-2025'))).toBeNull()

  const { configure, write, read } = planned ?? { configure: '^$', write: '^$', read: '^$' }
  await api.put({ configure, write, read }, 'permissions', vhost, 'shop')
  expect(await refusalOf(shop, (mine) => mine.bindQueue('orders', 'shop.x.mine', ''))).toBe(403)
  for (const { name } of provisioned.plan.vhosts[0]?.queues ?? []) {
    expect(await refusalOf(shop, (mine) => mine.bindQueue(name, 'shop.x.mine', '')), name).toBe(403)
  }
  const names = provisioned.plan.vhosts.flatMap(({ exchanges }) => exchanges.map(({ name }) => name))
  const queues = provisioned.plan.vhosts.flatMap((one) => one.queues.map(({ name }) => name))
  expect(names.filter((name) => queues.includes(name))).toEqual([])
})
