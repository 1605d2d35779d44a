import { expect, test } from 'vitest'
import type { Event } from '../../../src/messages/message.ts'
import { ValidationFailed } from '../../../src/messages/validate.ts'
import type { OutboxEntry } from '../../../src/outbox/outbox.ts'
import { localEntries, openShop, Shelf, shop, supplier } from './shop.ts'

const lamp = { sku: 'lamp' }

/** A shop that has sold a lamp and died before anybody counted it: the entry that it left, and its store. */
async function diedAfterCommit() {
  const counted: Event[] = []
  const opened = await openShop({
    events: {
      Sold: {
        count: (event, { shelves }) => {
          counted.push(event)
          shelves.add(new Shelf(`counted ${event.payload.sku}`, 1))
        },
      },
    },
    middleware: [
      (call, next) => (call.handler.endsWith('/count') && !alive ? new Promise(() => {}) : next()),
    ],
  })
  let alive = false
  void opened.bus.handle(shop.commands.Sell(lamp))
  while (localEntries(opened.store).length === 0) await new Promise((resolve) => setImmediate(resolve))
  alive = true
  return { ...opened, counted, entry: localEntries(opened.store)[0] as OutboxEntry }
}

test('what a crash left undone stands in the outbox, and a relay has it handled, once', async () => {
  const { bus, store, soldOf, entry } = await diedAfterCommit()
  expect(await soldOf('counted lamp')).toBe(0)

  await bus.dispatch(entry)
  await bus.dispatch(entry)

  expect(await soldOf('counted lamp')).toBe(1)
  expect((await store.queue.depth()).local).toBe(0)
})

test('an entry whose handler is gone is told as such', async () => {
  const { bus, entry } = await diedAfterCommit()

  await expect(bus.dispatch({ ...entry, handler: 'renamed' })).rejects.toMatchObject({ code: 'NoHandler' })
})

test('HND-30 a stored message comes back as its contract makes it, with its id and time; one in hand is passed as it is', async () => {
  const { bus, entry, counted } = await diedAfterCommit()
  const { id, time } = entry.message

  await bus.dispatch(entry)
  expect(counted).toMatchObject([{ id, time, kind: 'event', type: 'shop.Sold', payload: lamp, key: 'lamp' }])

  const inHand = shop.events.Sold({ sku: 'desk' })
  await bus.handle(inHand)
  expect(counted[1]).toBe(inHand)
})

test('a follow-up that its contents or its code doom is a dead letter at once, others are tried again', async () => {
  const { bus, store } = await openShop({
    maxDepth: 2,
    events: {
      Sold: {
        invalid: (_event, unit) => unit.publish(shop.events.Counted({ sku: 7 } as never)),
        endless: (_event, unit) => unit.send(shop.commands.Restock(lamp)),
        foreign: (_event, unit) => unit.publish(supplier.events.Shipped(lamp)),
        refused: () => Promise.reject(new shop.errors.NotForSale(lamp)),
        refusedElsewhere: () => Promise.reject(new ValidationFailed('supplier.Order', [], 'refused')),
      },
    },
    restock: (unit) => unit.publish(shop.events.Echoed(lamp)),
  })

  await bus.handle(shop.commands.Sell(lamp))

  const dead = await store.queue.deadLetters()
  expect(dead.map(({ reason }) => reason.split(':', 1)[0])).toEqual([
    'ValidationFailed',
    'ForeignMessage',
    'ChainTooLong',
  ])
  expect(await store.queue.depth()).toMatchObject({ local: 2, dead: 3 })
})
