import { command, createMessageBus, defineDomain, event } from '@posthorn/core'
import { InMemoryStore, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import { z } from 'zod'

// The contract: what may be asked of the domain, what it tells, how it fails.
const item = z.object({ sku: z.string() })
const shop = defineDomain('shop', {
  commands: {
    Sell: command({ input: item, output: z.object({ left: z.int() }), errors: { SoldOut: item } }),
  },
  events: { Sold: event(item, { key: ({ sku }) => sku }) },
})

// The units of work: here over a store in memory, in production over Postgres.
const store = new InMemoryStore()
const units = inMemoryUnitsOfWork({ domain: shop, store, repositories: {} })
const stock = new Map([['lamp', 1]])

// The bus: one handler for each command, any number for each event. Each call commits, or leaves no trace.
const bus = createMessageBus({
  domain: shop,
  units,
  outbox: store.queue,
  handlers: {
    commands: {
      Sell: ({ payload: { sku } }, unit) => {
        const left = (stock.get(sku) ?? 0) - 1
        if (left < 0) throw new shop.errors.SoldOut({ sku })
        stock.set(sku, left)
        unit.publish(shop.events.Sold({ sku }))
        return { left }
      },
    },
    events: {
      Sold: {
        print: ({ payload, causationId }) =>
          console.log(`sold a ${payload.sku}, as somebody asked: ${causationId !== null}`),
      },
    },
  },
})

await bus.start()
console.log(await bus.handle(shop.commands.Sell({ sku: 'lamp' })))
try {
  await bus.handle(shop.commands.Sell({ sku: 'lamp' }))
} catch (error) {
  if (error instanceof shop.errors.SoldOut) console.log(`sold out: ${error.data.sku}`)
}
console.log(`${(await store.queue.depth()).broker} message waits for the relay`)
await bus.stop()
