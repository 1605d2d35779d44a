import {
  command,
  createMessageBus,
  defineDomain,
  defineSystem,
  event,
  PosthornError,
  planSystem,
  Relay,
} from '@posthorn/core'
import {
  InMemoryBroker,
  InMemoryStore,
  inMemoryExternalBus,
  inMemoryUnitsOfWork,
} from '@posthorn/core/in-memory'
import { z } from 'zod'

const item = z.object({ sku: z.string() })

// The shop sells; the warehouse hears of each sale, and tells a customer on the web what is left.
const shop = defineDomain('shop', {
  commands: { Sell: command({ input: item, output: z.object({ receipt: z.string() }), allow: ['web'] }) },
  events: { Sold: event(item, { key: ({ sku }) => sku }) },
})
const warehouse = defineDomain('warehouse', {
  commands: {
    Count: command({ input: item, output: z.object({ left: z.int() }), allow: ['web'] }),
    Burn: command({ input: item, allow: ['shop'] }),
  },
})
const system = defineSystem({
  domains: [shop, warehouse],
  clients: { web: {} },
  subscriptions: { warehouse: [shop.events.Sold] },
})

// A broker with the vhosts, exchanges, queues and permissions that the system needs, and no more.
const broker = new InMemoryBroker({ plan: planSystem(system) })
const shopLink = inMemoryExternalBus({ domain: 'shop', system, broker })
const warehouseLink = inMemoryExternalBus({ domain: 'warehouse', system, broker })
const web = inMemoryExternalBus({ domain: 'web', system, broker })

const stock = new Map([['lamp', 2]])
let heard = (_text: string) => {}
const news = new Promise<string>((resolve) => {
  heard = resolve
})
const warehouseStore = new InMemoryStore()
const warehouseBus = createMessageBus({
  domain: warehouse,
  units: inMemoryUnitsOfWork({ domain: warehouse, store: warehouseStore, repositories: {} }),
  outbox: warehouseStore.queue,
  subscribes: [shop.events.Sold],
  handlers: {
    commands: { Count: ({ payload }) => ({ left: stock.get(payload.sku) ?? 0 }), Burn: () => stock.clear() },
    subscriptions: {
      'shop.Sold': {
        takeFromShelf: ({ payload: { sku } }, _unit, { caller }) => {
          stock.set(sku, (stock.get(sku) ?? 0) - 1)
          heard(`warehouse: ${caller} has sold a ${sku}`)
        },
      },
    },
  },
})

const shopStore = new InMemoryStore()
const shopBus = createMessageBus({
  domain: shop,
  units: inMemoryUnitsOfWork({ domain: shop, store: shopStore, repositories: {} }),
  outbox: shopStore.queue,
  handlers: {
    commands: {
      Sell: ({ payload }, unit) => {
        unit.publish(shop.events.Sold(payload)) // stored, and passed on after the commit
        return { receipt: `one ${payload.sku}` }
      },
    },
  },
})

shopBus.listenTo(shopLink)
warehouseBus.listenTo(warehouseLink)
web.registerDomains('shop', 'warehouse')
const relay = new Relay({
  queue: shopStore.queue,
  forward: (message) => shopLink.forward(message),
  dispatch: (entry) => shopBus.dispatch(entry),
})
shopLink.onReachable((domain) => relay.reach(domain)) // what waited for a broker that was away goes at once
for (const part of [shopBus, warehouseBus, shopLink, warehouseLink, web]) await part.start()
relay.start()

const { receipt } = await web.call(shop.commands.Sell({ sku: 'lamp' }))
console.log(`web: ${receipt}`)
console.log(await news)
console.log(`web: ${(await web.call(warehouse.commands.Count({ sku: 'lamp' }))).left} left`)

try {
  // @ts-expect-error the contract does not allow the web to burn lamps: the compiler says so, and so does the broker
  await web.call(warehouse.commands.Burn({ sku: 'lamp' }))
} catch (error) {
  if (error instanceof PosthornError) console.log(`web: ${error.code}, ${error.outcome}`)
}

await relay.stop()
for (const part of [web, shopLink, warehouseLink, shopBus, warehouseBus]) await part.stop()
