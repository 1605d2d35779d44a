import {
  type Aggregate,
  type AggregateMapping,
  defineDomain,
  defineSystem,
  type Event,
  event,
} from '@posthorn/core'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { shipping } from '../shipping.ts'

const { OrderShipped } = shipping.events

export const tracking = defineDomain('tracking', {
  events: { ShipmentCounted: event(z.object({ orderId: z.string(), shipments: z.int() })) },
})

export const system = defineSystem({
  domains: [shipping, tracking],
  subscriptions: { tracking: [OrderShipped] },
})

export class Order implements Aggregate {
  readonly id: string
  readonly events: Event[] = []
  shipments: number

  constructor(id: string, shipments: number) {
    this.id = id
    this.shipments = shipments
  }

  countShipment(): void {
    this.shipments += 1
    this.events.push(tracking.events.ShipmentCounted({ orderId: this.id, shipments: this.shipments }))
  }
}

export const orders = pgTable('orders', {
  id: text().primaryKey(),
  version: integer().notNull(),
  shipments: integer().notNull(),
})

export const orderMapping: AggregateMapping<Order> = {
  toRows: ({ id, shipments }) => ({ root: { id, shipments }, children: {} }),
  fromRows: ({ root }) => new Order(String(root.id), Number(root.shipments)),
  childKeys: {},
}
