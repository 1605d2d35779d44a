import { type Aggregate, type AggregateMapping, defineDomain, type Event, event } from '@posthorn/core'
import { drizzleRepository, drizzleUnitsOfWork, postgresDriver } from '@posthorn/uow-drizzle'
import { z } from 'zod'
import { contendChanging } from './contend-changing.ts'
import { orderLines, orders } from './order-tables.ts'

const shop = defineDomain('shop', {
  events: {
    LineChanged: event(z.object({ orderId: z.string(), sku: z.string(), qty: z.int(), total: z.int() }), {
      key: ({ orderId }) => orderId,
    }),
  },
})

class Order implements Aggregate {
  readonly id: string
  readonly customer: string
  readonly events: Event[] = []
  readonly lines: Map<string, number>
  total: number

  constructor(id: string, customer: string, total: number, lines: Map<string, number>) {
    this.id = id
    this.customer = customer
    this.total = total
    this.lines = lines
  }

  raise(sku: string): void {
    const qty = this.lines.get(sku)
    if (qty === undefined) throw new Error(`There is no ${sku} in ${this.id}`)
    this.lines.set(sku, qty + 1)
    this.total += 1
    this.events.push(shop.events.LineChanged({ orderId: this.id, sku, qty: qty + 1, total: this.total }))
  }
}

const mapping: AggregateMapping<Order> = {
  childKeys: { lines: ['orderId', 'sku'] },
  toRows: ({ id, customer, total, lines }) => ({
    root: { id, customer, total },
    children: { lines: [...lines].map(([sku, qty]) => ({ orderId: id, sku, qty })) },
  }),
  fromRows: ({ root, children }) =>
    new Order(
      String(root.id),
      String(root.customer),
      Number(root.total),
      new Map(children.lines?.map(({ sku, qty }) => [String(sku), Number(qty)])),
    ),
}

await contendChanging(async (url, max) => {
  const driver = postgresDriver(url, { max })
  const units = drizzleUnitsOfWork({
    domain: shop,
    driver,
    repositories: {
      orders: (unit) =>
        drizzleRepository(unit, {
          table: orders,
          children: { lines: { table: orderLines, root: orderLines.orderId } },
          mapping,
        }),
    },
  })
  return {
    change: (orderId, sku) =>
      units.run(async (unit) => {
        const order = await unit.orders.get(orderId, { lock: 'update' })
        order?.raise(sku)
      }),
    end: () => driver.end(),
  }
})
