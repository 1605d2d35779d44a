import { expect, test } from 'vitest'
import { PosthornError } from '../../../src/errors.ts'
import { shared } from '../../../src/internal-bus/handlers.ts'
import { gate, openShop, Shelf, sell, shop, supplier } from './shop.ts'

const lamp = { sku: 'lamp' }

test("a command's handler gives its result, and its unit is committed", async () => {
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
  expect(seen).toEqual([])
  expect(await store.queue.depth()).toMatchObject({ broker: 0, local: 0 })
})

test('events of one handling are handled in the order raised, with what they raise behind them', async () => {
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

test('an event may have no handlers, and a foreign command has none', async () => {
  const { bus } = await openShop()

  expect(await bus.handle(shop.events.Sold(lamp))).toEqual({ failures: [] })
  await expect(bus.handle(supplier.commands.Order(lamp))).rejects.toMatchObject({
    code: 'NoHandler',
    outcome: 'not-executed',
  })
})

test("each handler of an event runs in a unit of its own; one's failure is told and never stops the others", async () => {
  const { bus, soldOf } = await openShop({
    events: {
      Sold: {
        first: async (_event, { shelves }) => shelves.add(new Shelf('first')),
        fails: async (_event, { shelves }) => {
          shelves.add(new Shelf('second'))
          throw new Error('broken')
        },
        last: async (_event, { shelves }) => shelves.add(new Shelf('last', 7)),
      },
    },
  })

  const { failures } = await bus.handle(shop.events.Sold(lamp))

  expect(failures).toMatchObject([{ handler: 'shop.Sold/fails', error: { message: 'broken' } }])
  expect(await soldOf('last')).toBe(7)
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
  const { bus, errors } = await openShop({
    maxDepth: 20,
    events: { Sold: { again: (_event, unit) => unit.publish(shop.events.Sold(lamp)) } },
  })

  await bus.handle(shop.commands.Sell(lamp))

  expect(errors).toMatchObject([{ code: 'ChainTooLong' }])
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
