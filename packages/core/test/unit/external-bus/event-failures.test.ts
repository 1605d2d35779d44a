import { expect, test } from 'vitest'
import { PosthornError } from '../../../src/errors.ts'
import { InMemoryBroker } from '../../../src/external-bus/in-memory-broker.ts'
import { inMemoryExternalBus } from '../../../src/external-bus/in-memory-external-bus.ts'
import { planSystem } from '../../../src/external-bus/plan-system.ts'
import { textHeader } from '../../../src/external-bus/wire-format.ts'
import { defineSystem } from '../../../src/messages/define-system.ts'
import { openShop, shop, supplier } from '../internal-bus/shop.ts'
import { settle } from '../manual-clock.ts'
import { allocation } from './allocation-system.ts'
import { openWorld } from './world.ts'

const { OutOfStock } = allocation.events
const order = { orderId: 'o', sku: 's', qty: 1 }
const reuse = () => new PosthornError('IdempotencyKeyReuse', 'another body', { outcome: 'refused' })

/** A shop behind an external bus that gives every event one try, and the supplier who publishes to it. */
async function openShopBehindBus(handlers: Parameters<typeof openShop>[0], attempts: number) {
  const system = defineSystem({
    domains: [shop, supplier],
    clients: { web: {} },
    subscriptions: { shop: [supplier.events.Shipped] },
  })
  const broker = new InMemoryBroker({ plan: planSystem(system) })
  const options = { system, broker, attempts, onError: () => {} }
  const [inside, { bus }] = [inMemoryExternalBus({ ...options, domain: 'shop' }), await openShop(handlers)]
  const publisher = inMemoryExternalBus({ ...options, domain: 'supplier' })
  bus.listenTo(inside)
  await Promise.all([inside.start(), publisher.start()])
  const deadLetters = () =>
    broker
      .deadLetters('supplier', 'shop.q.events')
      .map((dead) => [textHeader(dead, 'x-posthorn-reason'), textHeader(dead, 'x-posthorn-handler')])
  return { publisher, deadLetters }
}

test('a dead letter names the handlers of the message bus that failed', async () => {
  const fail = () => {
    throw new Error('broken')
  }
  const shipped = { 'supplier.Shipped': { mail: fail, count: () => {}, view: fail } }
  const { publisher, deadLetters } = await openShopBehindBus({ shipped }, 1)
  await publisher.publish(supplier.events.Shipped({ sku: 'lamp' }))
  await expect
    .poll(deadLetters)
    .toEqual([['attempts-exhausted', 'supplier.Shipped/mail supplier.Shipped/view']])
})

test('an id that came before with another body is dead at once', async () => {
  const shipped = { 'supplier.Shipped': { mail: () => {} } }
  const { publisher, deadLetters } = await openShopBehindBus({ shipped }, 8)
  const event = supplier.events.Shipped({ sku: 'lamp' })
  await publisher.publish(event)
  await publisher.publish({ ...supplier.events.Shipped({ sku: 'other' }), id: event.id })
  await expect.poll(deadLetters).toEqual([['refused', 'supplier.Shipped/mail']])
})

test('an ordered subscriber does not try again either what is refused', async () => {
  const { bus, failures } = openWorld({ ordered: ['notifications'] })
  const [publisher, subscriber] = [bus('allocation'), bus('notifications', { ordered: true })]
  subscriber.registerEventHandlers(OutOfStock, async () => {
    throw reuse()
  })
  await Promise.all([publisher.start(), subscriber.start()])
  await publisher.publish(OutOfStock(order))
  await settle()
  expect(failures).toMatchObject([{ reason: 'refused', action: 'dead-letter' }])
})

test('an event that only some of its handlers refuse is tried again for the others', async () => {
  const { bus, failures } = openWorld()
  const [publisher, subscriber] = [bus('allocation'), bus('notifications')]
  subscriber.registerEventHandlers(
    OutOfStock,
    async () => {
      throw reuse()
    },
    async () => {
      throw new Error('broken')
    },
  )
  await Promise.all([publisher.start(), subscriber.start()])
  await publisher.publish(OutOfStock(order))
  await settle()
  expect(failures).toMatchObject([{ reason: 'handler-failed', action: 'retry' }])
})
