import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ProvisionedSystem, provisionedSystem } from '../../../../tooling/fixtures/rabbitmq.ts'
import { type CountingProxy, countingProxy } from '../support/counting-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { billing, shopSystem } from '../support/shop-system.ts'

/*
 * What each message costs on the wire, which is what it costs the broker. A message takes three frames: its method, its
 * properties, its body.
 */

const MESSAGE = 3
const ACK_BYTES = 21
const EVENTS = 200

let system: ProvisionedSystem
let proxy: CountingProxy
let owner: RabbitMqExternalBus
let caller: RabbitMqExternalBus
let subscriber: RabbitMqExternalBus
let handled = 0

beforeAll(async () => {
  system = await provisionedSystem(shopSystem)
  proxy = await countingProxy(system.adminUrl)
  const busOf = (domain: string) =>
    new RabbitMqExternalBus({
      domain,
      system: shopSystem,
      namespace: system.namespace,
      url: proxy.through(system.urlFor(domain)),
    })
  owner = busOf('billing')
  caller = busOf('shop')
  subscriber = busOf('shipping')
  owner.registerCommandHandler(billing.commands.Charge, async () => undefined)
  caller.registerDomains('billing')
  subscriber.registerEventHandlers(billing.events.Charged, async () => {
    handled += 1
  })
  await Promise.all([owner.start(), caller.start(), subscriber.start()])
  // The first of each kind opens channels and looks for its exchange.
  await Promise.all([charge(0), publish(0)])
  await eventually('both are acknowledged', () => proxy.counts().toBroker.acks === 2)
})
afterAll(async () => {
  await Promise.all([owner, caller, subscriber].map((bus) => bus.stop()))
  await proxy[Symbol.asyncDispose]()
  await system.dispose()
})

test('an event costs three frames each way, at most an ack and at most a confirm', async () => {
  proxy.reset()
  await Promise.all(Array.from({ length: EVENTS }, (_, index) => publish(index)))
  // They are handled in their order, and so acknowledged.
  await eventually('the last is acknowledged', () => proxy.counts().toBroker.lastAck === 1 + EVENTS)
  expect(handled).toBe(1 + EVENTS)
  const { toBroker, toClients } = proxy.counts()
  const confirms = toClients.acks
  expect(confirms).toBeGreaterThan(0)
  expect(confirms).toBeLessThanOrEqual(EVENTS)
  expect(toBroker.acks).toBeGreaterThan(0)
  expect(toBroker.acks).toBeLessThanOrEqual(EVENTS)
  expect(toBroker.frames - toBroker.acks).toBe(EVENTS * MESSAGE)
  expect(toClients.frames - confirms).toBe(EVENTS * MESSAGE)
  // 17 bytes are its body, and a process id has up to seven digits.
  expect((toBroker.bytes - toBroker.acks * ACK_BYTES) / EVENTS).toBeLessThanOrEqual(285)
})

test('a call costs two messages, two confirms and an ack', async () => {
  proxy.reset()
  await charge(1)
  await eventually('it is acknowledged', () => proxy.counts().toBroker.acks === 1)
  await eventually('both are confirmed', () => proxy.counts().toClients.acks === 2)
  expect(proxy.counts()).toMatchObject({
    toBroker: { frames: MESSAGE + MESSAGE + 1 },
    toClients: { frames: 1 + MESSAGE + MESSAGE + 1 },
  })
})

function publish(index: number): Promise<void> {
  return owner.publish(billing.events.Charged({ orderId: String(index) }))
}

function charge(index: number): Promise<unknown> {
  return caller.call(billing.commands.Charge({ orderId: String(index) }))
}
