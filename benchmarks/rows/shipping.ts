import { command, defineDomain, defineSystem, event } from '@posthorn/core'
import { z } from 'zod'

const order = z.object({
  orderId: z.string(),
  carrier: z.string(),
  address: z.string(),
  lines: z.array(z.object({ sku: z.string(), qty: z.int() })),
})

/** The contract that Posthorn's contenders share; the others need none. */
export const shipping = defineDomain('shipping', {
  commands: {
    ShipOrder: command({
      input: order,
      output: z.object({ orderId: z.string(), parcels: z.int() }),
      allow: ['tracking'],
    }),
  },
  events: { OrderShipped: event(order, { key: ({ orderId }) => orderId }) },
})

export const system = defineSystem({
  domains: [shipping],
  clients: { tracking: { subscribes: [shipping.events.OrderShipped] } },
})
