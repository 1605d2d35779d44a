import { expect, test } from 'vitest'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { gate, openShop, sell, shop } from './shop.ts'

const lamp = { sku: 'lamp' }

test('a bus that is not started refuses messages, and can be started again after a stop', async () => {
  const { bus } = await openShop()
  await bus.stop()

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject({
    code: 'BusNotStarted',
    outcome: 'not-executed',
  })
  await bus.start()
  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })
})

test('stop lets what is in flight and its follow-ups finish, and refuses what is new', async () => {
  const { opened, open } = gate()
  const seen: string[] = []
  const { bus } = await openShop({
    sell: async (command, unit) => {
      await opened
      return sell(command, unit)
    },
    events: { Sold: { note: () => seen.push('noted') } },
  })

  const handling = bus.handle(shop.commands.Sell(lamp))
  const stopping = bus.stop()
  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject({ code: 'BusNotStarted' })
  expect(bus.inFlight).toBe(1)
  open()

  expect(await handling).toEqual({ sold: 1 })
  expect(await stopping).toEqual([])
  expect(seen).toEqual(['noted'])
})

test('stop names what it abandoned at the deadline, and aborts it', async () => {
  const { opened, open } = gate()
  const { bus, soldOf } = await openShop({
    sell: async (command, unit, { signal }) => {
      const result = await sell(command, unit)
      signal.addEventListener('abort', open)
      await opened
      return result
    },
  })
  const handling = bus.handle(shop.commands.Sell(lamp))

  expect(await bus.stop({ deadline: 20 })).toEqual(['shop.Sell'])
  await expect(handling).rejects.toThrow()
  expect(await soldOf('lamp')).toBe(0)
})

test('what the lifespan holds lives from the first start until the bus is disposed', async () => {
  const events: string[] = []
  const { bus } = await openShop({
    lifespan: () => {
      events.push('made')
      return { [Symbol.asyncDispose]: async () => void events.push('disposed') }
    },
  })
  await bus.stop()
  await bus.start()
  expect(events).toEqual(['made'])

  await bus[Symbol.asyncDispose]()
  expect(events).toEqual(['made', 'disposed'])
})

test('a table that does not match the contract is refused when the bus is made', () => {
  const make = (handlers: object) =>
    createMessageBus({ domain: shop, units: {} as never, outbox: {} as never, handlers: handlers as never })
  const invalid = (text: string) =>
    expect.objectContaining({ code: 'InvalidDefinition', message: expect.stringContaining(text) })
  const commands = { Sell: sell, Restock: () => undefined }

  expect(() => make({ commands: { Sell: sell } })).toThrow(invalid('Restock'))
  expect(() => make({ commands: { ...commands, Fly: sell } })).toThrow(invalid('Fly'))
  expect(() => make({ commands, events: { Lost: {} } })).toThrow(invalid('Lost'))
  expect(() => make({ commands, subscriptions: { 'supplier.Shipped': {} } })).toThrow(
    invalid('supplier.Shipped'),
  )
})
