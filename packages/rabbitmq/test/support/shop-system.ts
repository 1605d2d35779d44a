import { randomBytes } from 'node:crypto'
import { command, defineDomain, defineSystem, event } from '@posthorn/core'
import { z } from 'zod'

const order = z.object({ orderId: z.string() })

const shipping = defineDomain('shipping', { events: { Shipped: event(order) } })

const billingFor = (client: 'shop') =>
  defineDomain('billing', {
    commands: {
      Charge: command({ input: order, allow: [client] }),
      Refund: command({ input: order, allow: [] }),
    },
    events: { Charged: event(order), Refunded: event(order) },
  })

const systemOf = (domain: ReturnType<typeof billingFor>, client: string) =>
  defineSystem({
    domains: [domain, shipping],
    clients: { [client]: {} },
    subscriptions: { shipping: [domain.events.Charged] },
  })

export const billing = billingFor('shop')

/** `shop` may have billing charge; shipping hears of what was charged. */
export const shopSystem = systemOf(billing, 'shop')

/** The same with a client whose user no other test has: who loses a right loses its connections to all vhosts. */
export function shopSystemOfItsOwn() {
  // A contract's allow-list is made of literals, and to the types this one is the other's twin.
  const client = `shop-${randomBytes(4).toString('hex')}` as 'shop'
  return { client, system: systemOf(billingFor(client), client) }
}

/**
 * A system of one domain whose user no other test has: for what concerns a user everywhere on the broker. What it
 * publishes to `x.dlx` with the key `q.commands` comes to its own queue.
 */
export function soloSystem() {
  const name = `solo-${randomBytes(4).toString('hex')}`
  return { name, system: defineSystem({ domains: [defineDomain(name, {})] }) }
}
