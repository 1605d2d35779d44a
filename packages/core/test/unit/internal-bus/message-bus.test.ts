import { expect, test } from 'vitest'
import { z } from 'zod'
import { PosthornError } from '../../../src/errors.ts'
import type { ExternalBus } from '../../../src/external-bus/external-bus.ts'
import { shared } from '../../../src/internal-bus/handlers.ts'
import type { Middleware } from '../../../src/internal-bus/middleware.ts'
import { event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { gate, openShop, Shelf, sell, shop, supplier } from './shop.ts'

const lamp = { sku: 'lamp' }

test("BUS-09 a command's handler gives its result, and its unit is committed", async () => {
  const { bus, soldOf } = await openShop()

  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })
  expect(await soldOf('lamp')).toBe(1)
})

test('a handler that throws is rolled back, its events vanish, and the caller gets the error', async () => {
  const seen: string[] = []
  const { bus, store, soldOf } = await openShop({
    sell: async (command, unit) => {
      await sell(command, unit)
      throw new shop.errors.NotForSale(lamp)
    },
    events: { Sold: { note: (event) => seen.push(event.payload.sku) } },
  })

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toThrow(shop.errors.NotForSale)
  expect(await soldOf('lamp')).toBe(0)
  await bus.handle(shop.commands.Restock(lamp))
  expect(seen).toEqual([])
  expect(await store.queue.depth()).toMatchObject({ broker: 0, local: 0 })
})

test('BUS-26 when a call comes back its events have been handled, in the order raised, with what they raise behind them', async () => {
  const seen: string[] = []
  const { bus } = await openShop({
    sell: async (_command, unit) => {
      unit.publish(shop.events.Counted({ sku: 'first' }))
      unit.publish(shop.events.Counted({ sku: 'second' }))
      return { sold: 0 }
    },
    events: {
      Counted: {
        note: (event, unit) => {
          seen.push(event.payload.sku)
          unit.publish(shop.events.Echoed({ sku: `${event.payload.sku}'s echo` }))
        },
      },
      Echoed: { note: (event) => seen.push(event.payload.sku) },
    },
  })

  await bus.handle(shop.commands.Sell(lamp))

  expect(seen).toEqual(['first', 'second', "first's echo", "second's echo"])
})

test("a follow-up's failure does not change the result, stays in the outbox, and does not stop its siblings", async () => {
  const seen: string[] = []
  const { bus, store, errors } = await openShop({
    events: {
      Sold: {
        fails: () => {
          throw new Error('no paper')
        },
        works: () => seen.push('works'),
      },
    },
  })

  expect(await bus.handle(shop.commands.Sell(lamp))).toEqual({ sold: 1 })
  expect(seen).toEqual(['works'])
  expect(errors).toMatchObject([{ message: 'no paper' }])
  expect((await store.queue.depth()).local).toBe(1)
})

test('BUS-14 what a handler throws comes out of the call as it is', async () => {
  const error = new TypeError('no such lamp')
  const { bus } = await openShop({ sell: () => Promise.reject(error) })

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toBe(error)
})

test('BUS-16 HND-28 each command reaches its own handler', async () => {
  const seen: string[] = []
  const { bus } = await openShop({
    sell: async ({ type }) => ({ sold: seen.push(`sell ${type}`) }),
    restock: (_unit, _context, { type }) => seen.push(`restock ${type}`),
  })

  await bus.handle(shop.commands.Restock(lamp))
  await bus.handle(shop.commands.Sell(lamp))

  expect(seen).toEqual(['restock shop.Restock', 'sell shop.Sell'])
})

const noHandler = expect.objectContaining({ code: 'NoHandler', outcome: 'not-executed' })

test('BUS-15 HND-38 a command that is not in the contract fails at once', async () => {
  const { bus, store } = await openShop()

  await expect(bus.handle(supplier.commands.Order(lamp))).rejects.toEqual(noHandler)
  expect(await store.queue.depth()).toMatchObject({ broker: 0, local: 0 })
})

test('BUS-13 a message of a type that the domain neither has nor subscribes to fails', async () => {
  const { bus } = await openShop({ shipped: { 'supplier.Shipped': {} } })
  const recalled = defineDomain('supplier', { events: { Recalled: event(z.object({})) } }).events.Recalled({})

  await expect(bus.handle(recalled)).rejects.toEqual(noHandler)
  expect(await bus.handle(supplier.events.Shipped(lamp))).toEqual({ failures: [] })
})

test('BUS-17 an event without handlers comes to no failures and leaves nothing under way', async () => {
  const { bus, store } = await openShop()

  expect(await bus.handle(shop.events.Sold(lamp))).toEqual({ failures: [] })
  expect(bus.inFlight).toBe(0)
  expect(await store.queue.depth()).toMatchObject({ local: 0 })
})

/** So many handlers, by name, that all fail with their name. */
function failing(count: number) {
  const names = Array.from({ length: count }, (_, index) => `handler${index}`)
  return Object.fromEntries(names.map((name) => [name, () => Promise.reject(new Error(name))]))
}

test('BUS-18 an event with one handler has one outcome', async () => {
  const { bus } = await openShop({ events: { Sold: failing(1) } })

  const { failures } = await bus.handle(shop.events.Sold(lamp))

  expect(failures).toEqual([{ handler: 'shop.Sold/handler0', error: new Error('handler0') }])
})

test('BUS-19 an event with ten handlers has ten outcomes, in the order of the table', async () => {
  const { bus } = await openShop({ events: { Sold: failing(10) } })

  const { failures } = await bus.handle(shop.events.Sold(lamp))

  expect(failures.map(({ error }) => (error as Error).message)).toEqual(Object.keys(failing(10)))
})

test('BUS-39 HND-45 a bus registers every command of its contract and every event it subscribes to', async () => {
  const { bus } = await openShop()
  const registered: string[] = []
  const note = ({ type }: { readonly type: string }) => registered.push(type)

  bus.listenTo({ registerCommandHandler: note, registerEventHandlers: note } as Partial<
    ExternalBus<'shop'>
  > as ExternalBus<'shop'>)

  expect(registered).toEqual(['shop.Sell', 'shop.Restock', 'supplier.Shipped'])
})

test("BUS-20 BUS-21 each handler of an event runs in a unit of its own; one's failure is told and never stops the others", async () => {
  const { bus, soldOf } = await openShop({
    events: {
      Sold: {
        first: async (_event, { shelves }) => shelves.add(new Shelf('first', 5)),
        fails: async (_event, { shelves }) => {
          shelves.add(new Shelf('second', 6))
          throw new Error('broken')
        },
        last: async (_event, { shelves }) => shelves.add(new Shelf('last', 7)),
      },
    },
  })

  const { failures } = await bus.handle(shop.events.Sold(lamp))

  expect(failures).toMatchObject([{ handler: 'shop.Sold/fails', error: { message: 'broken' } }])
  expect([await soldOf('first'), await soldOf('second'), await soldOf('last')]).toEqual([5, 0, 7])
})

test('a shared handler runs in the raising unit before its commit, and its failure undoes everything', async () => {
  let full = false
  const { bus, soldOf } = await openShop({
    events: {
      Sold: {
        view: shared(async ({ payload }, { shelves }) => {
          shelves.add(new Shelf(`view of ${payload.sku}`, (await shelves.get(payload.sku))?.sold))
          if (full) throw new Error('disk full')
        }),
      },
    },
  })

  await bus.handle(shop.commands.Sell(lamp))
  expect(await soldOf('view of lamp')).toBe(1)

  full = true
  await expect(bus.handle(shop.commands.Sell({ sku: 'desk' }))).rejects.toThrow('disk full')
  expect(await soldOf('desk')).toBe(0)
})

test('public events and foreign commands go to the broker with their key, private events do not', async () => {
  const { bus, store } = await openShop({
    sell: async (command, unit) => {
      unit.publish(shop.events.Counted(lamp))
      unit.send(supplier.commands.Order({ sku: 'bulb' }))
      return sell(command, unit)
    },
  })
  const command = shop.commands.Sell(lamp)
  await bus.handle(command)

  const sent: unknown[] = []
  await store.queue.deliver(10, async (entries) => {
    sent.push(
      ...entries.map(({ key, message }) => [message.type, key, message.causationId, message.correlationId]),
    )
    return entries.map(({ position }) => ({ position, ok: true }))
  })
  expect(sent).toEqual([
    ['supplier.Order', 'bulb', command.id, command.id],
    ['shop.Sold', 'lamp', command.id, command.id],
  ])
})

test('a command sent to the own domain is handled here, after the commit', async () => {
  const order: string[] = []
  const { bus, store } = await openShop({
    sell: async (_command, unit) => {
      unit.send(shop.commands.Restock(lamp))
      order.push('sold')
      return { sold: 0 }
    },
    restock: () => order.push('restocked'),
  })

  await bus.handle(shop.commands.Sell(lamp))

  expect(order).toEqual(['sold', 'restocked'])
  expect(await store.queue.depth()).toMatchObject({ broker: 0, local: 0 })
})

test("raising another domain's event fails and rolls back", async () => {
  const { bus } = await openShop({
    sell: async (_command, unit) => {
      unit.publish(supplier.events.Shipped(lamp))
      return { sold: 0 }
    },
  })

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject({ code: 'ForeignMessage' })
})

test('a chain of messages that cause each other ends with a clear error', async () => {
  let length = 0
  const { bus, errors } = await openShop({
    events: {
      Sold: {
        again: (_event, unit) => {
          length += 1
          unit.publish(shop.events.Sold(lamp))
        },
      },
    },
  })

  await bus.handle(shop.commands.Sell(lamp))

  expect(errors).toMatchObject([{ code: 'ChainTooLong' }])
  expect(length).toBe(100)
})

test('a conflict is tried again in a fresh unit, other errors are not', async () => {
  const attempts: number[] = []
  const { bus } = await openShop({
    sell: async (_command, unit) => {
      attempts.push(unit.attempt)
      if (attempts.length < 3) {
        throw new PosthornError('ConcurrencyConflict', 'changed meanwhile', {
          outcome: 'failed',
          retryable: true,
        })
      }
      throw new Error('broken')
    },
  })

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toThrow('broken')
  expect(attempts).toEqual([1, 2, 3])
})

test('a handler that takes too long is given up and rolled back', async () => {
  const { opened, open } = gate()
  const { bus, soldOf } = await openShop({
    handlerTimeout: 20,
    sell: async (command, unit) => {
      const result = await sell(command, unit)
      await opened
      return result
    },
  })

  await expect(bus.handle(shop.commands.Sell(lamp))).rejects.toMatchObject({ code: 'HandlerTimeout' })
  open()
  await bus.stop()
  expect(await soldOf('lamp')).toBe(0)
})

test('a middleware that comes once the bus is made is around all others, from then on', async () => {
  const seen: string[] = []
  const note =
    (name: string): Middleware =>
    (call, next) => {
      seen.push(`${name} ${call.handler}`)
      return next()
    }
  const { bus } = await openShop({ middleware: [note('own')] })
  await bus.handle(shop.commands.Sell(lamp))
  bus.use(note('later'))
  await bus.handle(shop.commands.Sell(lamp))
  expect(seen).toEqual(['own shop.Sell', 'later shop.Sell', 'own shop.Sell'])
})

test('middleware wraps each handler call, the first outermost, and sees results and errors', async () => {
  const seen: string[] = []
  const { bus } = await openShop({
    middleware: [
      async (call, next) => {
        seen.push(`> ${call.handler}`)
        const result = await next()
        seen.push(`< ${JSON.stringify(result)}`)
        return result
      },
      (call, next) => {
        seen.push(`inner ${call.message.type}`)
        return next({ ...call.context, caller: 'somebody' })
      },
    ],
    sell: async (_command, _unit, { caller }) => ({ sold: caller.length }),
  })

  await bus.handle(shop.commands.Sell(lamp))

  expect(seen).toEqual(['> shop.Sell', 'inner shop.Sell', '< {"sold":8}'])
})

test('200 commands at once share nothing and lose nothing', async () => {
  const { bus, soldOf } = await openShop()

  await Promise.all(Array.from({ length: 200 }, () => bus.handle(shop.commands.Sell(lamp))))

  expect(await soldOf('lamp')).toBe(200)
})
