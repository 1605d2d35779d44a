import { expect, test } from 'vitest'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { detached } from '../../../src/internal-bus/handlers.ts'
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

test('what came from outside is aborted too when a stop abandons it', async () => {
  const { opened, open } = gate()
  const { bus, soldOf } = await openShop({
    sell: async (command, unit) => {
      await opened
      return sell(command, unit)
    },
  })
  const { signal } = new AbortController()
  const delivery = { caller: 'web', redelivered: false, attempt: 1, signal, fingerprint: 'a' }
  const receiving = bus.receive(shop.commands.Sell(lamp), delivery)
  const refused = expect(receiving).rejects.toThrow()
  await bus.stop({ deadline: 20 })
  open()

  await refused
  expect(await soldOf('lamp')).toBe(0)
})

test('after a stop has given up no follow-up runs, and none counts as failed', async () => {
  const { opened, open } = gate()
  const mails: string[] = []
  const { bus, store, errors } = await openShop({
    events: { Sold: { slow: () => opened, mail: detached(() => mails.push('mail')) } },
  })
  const handling = bus.handle(shop.commands.Sell(lamp))
  await bus.stop({ deadline: 20 })
  open()
  await handling

  expect([mails, errors]).toEqual([[], []])
  expect((await store.queue.depth()).local).toBe(2)
  expect(await store.queue.takeLocal(10, 1)).toEqual([])
})

test('starts and stops take effect in the order in which they were asked for', async () => {
  const lifespans: string[] = []
  const { opened, open } = gate()
  const { bus } = await openShop({
    lifespan: () => {
      lifespans.push('held')
      return { [Symbol.asyncDispose]: async () => undefined }
    },
    sell: async (command, unit) => {
      await opened
      return sell(command, unit)
    },
  })
  await Promise.all([bus.start(), bus.start()])
  expect(lifespans).toEqual(['held'])

  const abandoned = bus.handle(shop.commands.Sell(lamp)).catch(() => 'abandoned')
  const stopping = bus.stop({ deadline: 20 })
  await bus.start()
  open()
  expect(await stopping).toEqual(['shop.Sell'])
  expect(await abandoned).toBe('abandoned')
  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })

  await Promise.all([bus.start(), bus.stop()])
  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject({ code: 'BusNotStarted' })
})

test('a listener for errors that fails itself harms nobody', async () => {
  const seen: string[] = []
  const { bus } = await openShop({
    onError: () => {
      throw new Error('the logger is down')
    },
    events: {
      Sold: {
        fails: () => {
          throw new Error('broken')
        },
        works: () => seen.push('works'),
      },
    },
  })

  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })
  expect(seen).toEqual(['works'])
})
