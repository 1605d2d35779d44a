import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { shopSystem } from '../support/shop-system.ts'

let system: ProvisionedSystem
beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
})
afterAll(() => system.dispose())

/** All that the users of billing's vhost can do there; everything else must be refused. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  billing: [
    'publish to "" with evt.Charged',
    'publish to "" with cmd.Charge',
    'publish to x.dlx with evt.Charged',
    'publish to x.dlx with cmd.Charge',
    'publish to x.events with evt.Charged',
    ...['consume', 'get from', 'purge'].flatMap((verb) => [`${verb} q.calls`, `${verb} q.commands`]),
  ],
  shipping: [
    'publish to shipping.x.dlx with evt.Charged',
    'publish to shipping.x.dlx with cmd.Charge',
    ...['consume', 'get from', 'purge'].map((verb) => `${verb} shipping.q.events`),
  ],
  shop: ['publish to x.cmd.shop with evt.Charged', 'publish to x.cmd.shop with cmd.Charge'],
}

type Attempt = (channel: ConfirmChannel) => Promise<unknown>

/** Every operation on every exchange and queue of the vhost, and on some that do not exist. */
function attempts(): Map<string, Attempt> {
  const vhost = system.plan.vhosts.find(({ owner }) => owner === 'billing')
  if (vhost === undefined) throw new Error('the plan lacks billing')
  const exchanges = [...vhost.exchanges.map(({ name }) => name), 'amq.topic']
  const queues = vhost.queues.map(({ name }) => name)
  const all = new Map<string, Attempt>()

  for (const exchange of ['', ...exchanges]) {
    for (const key of ['evt.Charged', 'cmd.Charge']) {
      all.set(`publish to ${exchange || '""'} with ${key}`, (channel) => {
        channel.publish(exchange, key, Buffer.from('x'))
        return channel.waitForConfirms()
      })
    }
  }
  for (const exchange of [...exchanges, 'x.new', 'shop.x.new']) {
    all.set(`declare exchange ${exchange}`, (channel) => channel.assertExchange(exchange, 'topic'))
    all.set(`delete exchange ${exchange}`, (channel) => channel.deleteExchange(exchange))
    for (const source of exchanges) {
      all.set(`bind ${source} to exchange ${exchange}`, (channel) =>
        channel.bindExchange(exchange, source, '#'),
      )
      all.set(`unbind ${source} from exchange ${exchange}`, (channel) =>
        channel.unbindExchange(exchange, source, '#'),
      )
    }
  }
  for (const queue of [...queues, 'q.new', 'shop.q.new']) {
    all.set(`declare queue ${queue}`, (channel) => channel.assertQueue(queue))
    all.set(`delete queue ${queue}`, (channel) => channel.deleteQueue(queue))
    for (const exchange of exchanges) {
      all.set(`bind ${exchange} to queue ${queue}`, (channel) => channel.bindQueue(queue, exchange, '#'))
      all.set(`unbind ${exchange} from queue ${queue}`, (channel) =>
        channel.unbindQueue(queue, exchange, '#'),
      )
    }
  }
  for (const queue of queues) {
    all.set(`consume ${queue}`, (channel) => channel.consume(queue, () => undefined))
    all.set(`get from ${queue}`, (channel) => channel.get(queue))
    all.set(`purge ${queue}`, (channel) => channel.purgeQueue(queue))
  }
  return all
}

async function succeeds(connection: ChannelModel, attempt: Attempt): Promise<boolean> {
  const channel = await connection.createConfirmChannel()
  let code: unknown
  channel.on('error', (error: { code?: unknown }) => {
    code = error.code
  })
  try {
    await attempt(channel)
  } catch {
    // Refused as forbidden, and for no other reason.
    if (code === 403) return false
    throw new Error(`refused with ${code}`)
  }
  await channel.close()
  return true
}

test.each(Object.keys(ALLOWED))(
  '%s can do exactly what the plan says, and declare, bind and delete nothing',
  async (user) => {
    const url = new URL(system.urlFor(user))
    url.pathname = `${system.namespace}.billing`
    const connection = await connect(url.href, { noDelay: true })
    const succeeded: string[] = []
    for (const [name, attempt] of attempts()) {
      const success = await succeeds(connection, attempt).catch((error: Error) => {
        throw new Error(`${name}: ${error.message}`)
      })
      if (success) succeeded.push(name)
    }
    await connection.close()
    expect(succeeded.sort()).toEqual([...(ALLOWED[user] ?? [])].sort())
  },
)

test('nobody enters a vhost in which they have no part', async () => {
  const url = new URL(system.urlFor('shop'))
  url.pathname = `${system.namespace}.shipping`
  await expect(connect(url.href)).rejects.toThrow()
})
