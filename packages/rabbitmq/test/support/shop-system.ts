import { randomBytes } from 'node:crypto'
import { command, defineDomain, defineSystem, event } from '@posthorn/core'
import { z } from 'zod'

const order = z.object({ orderId: z.string() })

export const billing = defineDomain('billing', {
  commands: {
    Charge: command({ input: order, allow: ['shop'] }),
    Refund: command({ input: order, allow: [] }),
  },
  events: { Charged: event(order), Refunded: event(order) },
})

const shipping = defineDomain('shipping', { events: { Shipped: event(order) } })

/** `shop` may have billing charge; shipping hears of what was charged. */
export const shopSystem = defineSystem({
  domains: [billing, shipping],
  clients: { shop: {} },
  subscriptions: { shipping: [billing.events.Charged] },
})

/**
 * A system of one domain whose user no other test has: for what concerns a user everywhere on the broker. What it
 * publishes to `x.dlx` with the key `q.commands` comes to its own queue.
 */
export function soloSystem() {
  const name = `solo-${randomBytes(4).toString('hex')}`
  return { name, system: defineSystem({ domains: [defineDomain(name, {})] }) }
}
