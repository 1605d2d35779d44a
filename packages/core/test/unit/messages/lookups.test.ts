import { expect, test } from 'vitest'
import { InMemoryBroker } from '../../../src/external-bus/in-memory-broker.ts'
import { inMemoryExternalBus } from '../../../src/external-bus/in-memory-external-bus.ts'
import { planSystem } from '../../../src/external-bus/plan-system.ts'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { defineSystem } from '../../../src/messages/define-system.ts'
import type { Command, Event } from '../../../src/messages/message.ts'
import { openShop, shop, supplier } from '../internal-bus/shop.ts'

const clients = { web: {} }
const system = defineSystem({
  domains: [shop, supplier],
  clients,
  subscriptions: { shop: [supplier.events.Shipped] },
})
const lamp = { sku: 'lamp' }

test('COR-01 whatever has the fields of a command counts as one', async () => {
  const { bus } = await openShop()
  const plain: Command = { ...shop.commands.Sell(lamp) }

  expect(await bus.handle(plain)).toEqual({ sold: 1 })
})

test('COR-02 whatever has the fields of an event counts as one', async () => {
  const seen: unknown[] = []
  const { bus } = await openShop({ events: { Sold: { note: ({ payload }) => void seen.push(payload) } } })
  const plain: Event = JSON.parse(JSON.stringify(shop.events.Sold(lamp)))

  expect(await bus.handle(plain)).toEqual({ failures: [] })
  expect(seen).toEqual([lamp])
})

test('MSG-35 DOM-02 a definition is found by its domain and its name', () => {
  expect(system.domains.get('shop')?.commands.Restock?.type).toBe('shop.Restock')
  expect(system.domains.get('shop')?.events.Sold).toBe(shop.events.Sold)
  expect(system.domains.get('supplier')?.commands.Order).toBe(supplier.commands.Order)
  expect(system.domains.get('supplier')?.events.Sold).toBeUndefined()
})

test('DOM-03 a contract lists its commands and events in order, a system its domains, and an unknown one is none of them', () => {
  expect(Object.keys(shop.commands)).toEqual(['Sell', 'Restock'])
  expect(Object.keys(shop.events)).toEqual(['Sold', 'Counted', 'Echoed'])
  expect([...system.domains.keys()]).toEqual(['shop', 'supplier'])
  expect(system.domains.get('bank')).toBeUndefined()
})

test('DOM-24 an event of another name does not compile, and is refused when it comes from elsewhere', async () => {
  const { bus } = await openShop()
  const lost: Event = { ...shop.events.Sold(lamp), type: 'shop.Lost' }

  // @ts-expect-error the contract has no such event
  expect(shop.events.Lost).toBeUndefined()
  await expect(bus.handle(lost)).rejects.toMatchObject({
    code: 'NoHandler',
    message: expect.stringContaining('shop.Lost'),
  })
})

test('MSG-36 a message that the system does not know is refused as unknown', async () => {
  const broker = new InMemoryBroker({ plan: planSystem(system) })
  const bus = inMemoryExternalBus({ system, domain: 'shop', broker })
  await bus.start()

  const lost: Event = { ...shop.events.Sold(lamp), type: 'shop.Lost' }
  await expect(bus.publish(lost)).rejects.toMatchObject({
    code: 'UnknownMessage',
    message: 'The system has no message shop.Lost',
  })
  await bus.stop()
})

test('DOM-07 handlers for what the contract does not have are refused by name', async () => {
  const { units, store } = await openShop()
  const commands = { Sell: () => ({ sold: 1 }), Restock: () => {} }
  const events = { Lost: {} }

  expect(() =>
    createMessageBus({ domain: shop, units, outbox: store.queue, handlers: { commands, events } as never }),
  ).toThrow(
    expect.objectContaining({
      code: 'InvalidDefinition',
      message: expect.stringContaining('shop has event handlers for Lost'),
    }),
  )
})
