import type { Socket } from 'node:net'
import { command, defineDomain, defineSystem } from '@posthorn/core'
import { type ChannelModel, connect, type GetMessage, type Options } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { RabbitMqExternalBus } from '../../src/rabbitmq-external-bus.ts'
import { isReplyAddress } from '../../src/reply-address.ts'
import { eventually } from '../support/eventually.ts'

const bank = defineDomain('bank', {
  commands: {
    Pay: command({ input: z.object({}), output: z.object({ receipt: z.string() }), allow: ['shop'] }),
  },
})
const system = defineSystem({ domains: [bank], clients: { shop: {} } })

let provisioned: ProvisionedSystem
let service: RabbitMqExternalBus<'bank'>
let shop: ChannelModel
let admin: ChannelModel
const reported: string[] = []
const served: string[] = []
const lost: string[] = []

beforeAll(async () => {
  provisioned = await provisionedSystem(system)
  const { namespace, urlFor } = provisioned
  service = new RabbitMqExternalBus({
    domain: 'bank',
    system,
    namespace,
    url: urlFor('bank'),
    onError: ({ reason, action }) => reported.push(`${reason}, ${action}`),
  })
  service.registerCommandHandler(bank.commands.Pay, async ({ id }) => {
    served.push(id)
    return { receipt: id }
  })
  await service.start()
  shop = await connectAs(urlFor('shop'))
  admin = await connectAs(provisioned.adminUrl)
})
afterAll(async () => {
  await Promise.all([service.stop(), shop.close(), admin.close()])
  await provisioned.dispose()
})

async function connectAs(url: string): Promise<ChannelModel> {
  const at = new URL(url)
  at.pathname = `${provisioned.namespace}.bank`
  const connection = await connect(at.href)
  connection.on('error', (error: Error) => lost.push(error.message))
  return connection
}

const usual = () => ({
  type: 'command:bank.Pay.v1',
  messageId: crypto.randomUUID(),
  contentType: 'application/json',
  userId: 'shop',
})

/** Publishes on a channel of its own, and gives the code with which the broker closes it; null when it does not. */
async function publish(key: string, options: Options.Publish, body = '{}'): Promise<number | null> {
  const channel = await shop.createConfirmChannel()
  const closed = new Promise<number>((resolve) =>
    channel.on('error', (error: { code: number }) => resolve(error.code)),
  )
  const confirmed = new Promise<null>((resolve, reject) =>
    channel.publish('x.cmd.shop', key, Buffer.from(body), options, (error) =>
      error === null ? resolve(null) : reject(error),
    ),
  )
  const code = await Promise.race([closed, confirmed.catch(() => closed)])
  if (code === null) await channel.close()
  return code
}

async function expectServed(): Promise<void> {
  const { namespace, urlFor } = provisioned
  const caller = new RabbitMqExternalBus({ domain: 'shop', system, namespace, url: urlFor('shop') })
  caller.registerDomains('bank')
  await caller.start()
  const pay = bank.commands.Pay({})
  expect(await caller.call(pay)).toEqual({ receipt: pay.id })
  await caller.stop()
}

test.each<[string, Options.Publish, string?]>([
  ['a body over the limit', {}, ' '.repeat(2 ** 20 + 1)],
  ['a body of 16 MiB', {}, ' '.repeat(2 ** 24)],
  ['an expiration that is no number', { expiration: 'abc' }],
  ['a negative expiration', { expiration: '-1' }],
  ['an expiration after all time', { expiration: String(2 ** 53) }],
  ['the name of another user', { userId: 'bank' }],
  ['a direct reply address and nobody there to receive', { replyTo: 'amq.rabbitmq.reply-to' }],
])(
  'B1 B10 B15 %s is refused by the broker, which closes the channel and no more',
  async (_what, options, body) => {
    expect(await publish('cmd.Pay', { ...usual(), ...options }, body)).toBe(406)
    expect(lost).toEqual([])
    await expectServed()
  },
)

test.each<[string, Options.Publish]>([
  ['the highest priority', { priority: 255 }],
  ['a time before all time', { timestamp: 0 }],
  ['a time after all time', { timestamp: 292_277_026_596 }],
  ['an expiration of 49 days', { expiration: '4294967295' }],
])('B15 %s does no harm', async (_what, options) => {
  reported.length = 0
  served.length = 0
  const properties = { ...usual(), ...options }
  expect(await publish('cmd.Pay', properties)).toBeNull()
  await eventually('it is served', () => served.includes(properties.messageId))
  expect(reported).toEqual([])
})

test('B15 what expires at once is served at once or dead, and nothing else is', async () => {
  reported.length = 0
  const properties = { ...usual(), expiration: '0' }
  expect(await publish('cmd.Pay', properties)).toBeNull()
  await expectServed()
  const channel = await admin.createChannel()
  await eventually('it has come to an end', async () => {
    const dead = await channel.get('q.commands.dead', { noAck: true })
    return (
      served.includes(properties.messageId) || (dead && dead.properties.messageId === properties.messageId)
    )
  })
  await channel.close()
  expect(reported).toEqual([])
})

describe('a message whose properties are no UTF-8', () => {
  /** This character, which is as long, goes out as bytes that are no UTF-8. */
  const STAND_IN = '\ue000'
  const replace = (bytes: Buffer) => {
    const [wanted, broken] = [Buffer.from(STAND_IN), Buffer.from([0xff, 0xfe, 0xff])]
    for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted)) broken.copy(bytes, at)
  }

  test.each<[string, Options.Publish, string]>([
    ['type', { type: STAND_IN.repeat(85) }, 'bad-type'],
    ['message-id', { messageId: STAND_IN.repeat(85) }, 'bad-id'],
    ['correlation-id', { correlationId: STAND_IN.repeat(85) }, 'bad-id'],
    ['content-type', { contentType: STAND_IN.repeat(85) }, 'bad-content-type'],
    ['content-encoding', { contentEncoding: STAND_IN.repeat(85) }, 'bad-content-type'],
  ])('B8 is a dead letter at once, with its reason: %s', async (_what, options, reason) => {
    const { stream } = shop.connection as unknown as { readonly stream: Socket }
    const { write } = stream
    stream.write = ((bytes: Buffer) => {
      replace(bytes)
      return write.call(stream, bytes)
    }) as typeof write
    reported.length = 0
    expect(await publish('cmd.Pay', { ...usual(), appId: STAND_IN.repeat(85), ...options })).toBeNull()
    stream.write = write

    const channel = await admin.createChannel()
    let dead: GetMessage | false = false
    await eventually('it is dead', async () => {
      dead = await channel.get('q.commands.dead', { noAck: true })
      return dead !== false
    })
    await channel.close()
    expect(dead).toMatchObject({ properties: { headers: { 'x-posthorn-reason': reason } } })
    expect(reported).toEqual([`${reason}, dead-letter`])
    await expectServed()
  })
})

test('B4 a call that wants its answer where RabbitMQ 3.10 would crash over it is not run, and costs nobody an answer', async () => {
  reported.length = 0
  const states: string[] = []
  const watching = setInterval(() => states.push(...service.health().links.map(({ state }) => state)), 5)
  const addresses = ['abc.def', 'AAAA.AAAA', 'g1h2AA5y.AAAA', 'YQU=.AAAA', '...', 'g1h2AA5yZXBseUA4Nzk=']
  for (const address of addresses) {
    await publish('call.Pay', { ...usual(), replyTo: `amq.rabbitmq.reply-to.${address}` })
  }
  await expectServed()
  await eventually('all have come to an end', () => service.health().handling === 0)
  clearInterval(watching)
  const { version } = admin.connection.serverProperties
  const unread = addresses.filter((address) => !isReplyAddress(`amq.rabbitmq.reply-to.${address}`, version))
  expect(reported).toEqual(unread.map(() => 'bad-reply-to, drop'))
  expect([...new Set(states)]).toEqual(['up'])
})
