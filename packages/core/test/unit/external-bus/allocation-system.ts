import { z } from 'zod'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { defineSystem } from '../../../src/messages/define-system.ts'

/** The contract of which the test vectors of the wire format speak. */
export const allocation = defineDomain('allocation', {
  commands: {
    Allocate: command({
      input: z.object({ orderId: z.string(), sku: z.string(), qty: z.int() }),
      output: z.object({ status: z.enum(['allocated', 'backordered']), batchRef: z.string().nullable() }),
      errors: { InvalidSku: z.object({ sku: z.string() }) },
      allow: ['storefront'],
    }),
    Forget: command({ input: z.object({ orderId: z.string() }), allow: ['storefront'] }),
    Audit: command({ input: z.object({}), allow: ['notifications'] }),
  },
  events: {
    OutOfStock: event(z.object({ orderId: z.string(), sku: z.string(), qty: z.int() }), {
      key: ({ sku }) => sku,
    }),
  },
})

const notifications = defineDomain('notifications', {})

export const system = defineSystem({
  domains: [allocation, notifications],
  clients: { storefront: {} },
  subscriptions: { notifications: [allocation.events.OutOfStock] },
})
