import { expect, test } from 'vitest'
import type { OutboxEntry } from '../../../src/outbox/outbox.ts'
import { openShop, Shelf, shop } from './shop.ts'

const lamp = { sku: 'lamp' }

/** A shop that has sold a lamp and died before anybody counted it: the entry that it left, and its store. */
async function diedAfterCommit() {
  const opened = await openShop({
    events: { Sold: { count: async (_event, { shelves }) => shelves.add(new Shelf('counted', 1)) } },
    middleware: [
      (call, next) => (call.handler.endsWith('/count') && !alive ? new Promise(() => {}) : next()),
    ],
  })
  let alive = false
  void opened.bus.handle(shop.commands.Sell(lamp))
  const left: OutboxEntry[] = []
  while (left.length === 0) {
    await new Promise((resolve) => setImmediate(resolve))
    const depth = await opened.store.queue.depth()
    if (depth.local > 0) left.push(...(await entries(opened.store)))
  }
  alive = true
  return { ...opened, entry: left[0] as OutboxEntry }
}

async function entries(
  store: Awaited<ReturnType<typeof openShop>>['store'],
): Promise<readonly OutboxEntry[]> {
  return [...(store.tables.get('outbox') as Map<string, OutboxEntry>).values()].filter(
    ({ handler }) => handler !== null,
  )
}

test('what a crash left undone stands in the outbox, and a relay has it handled, once', async () => {
  const { bus, store, soldOf, entry } = await diedAfterCommit()
  expect(await soldOf('counted')).toBe(0)

  await bus.dispatch(entry)
  await bus.dispatch(entry)

  expect(await soldOf('counted')).toBe(1)
  expect((await store.queue.depth()).local).toBe(0)
})

test('an entry whose handler is gone is told as such', async () => {
  const { bus, entry } = await diedAfterCommit()

  await expect(bus.dispatch({ ...entry, handler: 'renamed' })).rejects.toMatchObject({ code: 'NoHandler' })
})
