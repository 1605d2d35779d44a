import { command, event } from '../../messages/declare.ts'
import { defineDomain } from '../../messages/define-domain.ts'
import { defineSystem } from '../../messages/define-system.ts'
import { integer, object, text } from './toy-schema.ts'

/** Two domains and two clients, in which everything happens once that a bus must do. */

export const shop = defineDomain('shop', {
  commands: {
    Buy: command({
      input: object({ sku: text, qty: integer }),
      output: object({ order: text }),
      errors: { SoldOut: object({ sku: text }) },
      allow: ['web', 'mail'],
    }),
    Restock: command({ input: object({ sku: text }), output: object({ note: text }), allow: ['web'] }),
    Close: command({ input: object({}) }),
  },
  events: {
    Bought: event(object({ sku: text, qty: integer }), { key: ({ sku }) => sku }),
    Restocked: event(object({ sku: text })),
    Noticed: event(object({ note: text })),
    Counted: event(object({}), { private: true }),
  },
})

export const mail = defineDomain('mail', {
  commands: {
    Notify: command({ input: object({ text }), output: object({ id: text }), allow: ['shop'] }),
  },
  events: { Mailed: event(object({ id: text })) },
})

/** `web` calls and subscribes; `audit` only subscribes. Nobody subscribes to `Noticed` and `Mailed`. */
export const shopSystem = defineSystem({
  domains: [shop, mail],
  clients: { web: { subscribes: [shop.events.Bought] }, audit: { subscribes: [shop.events.Restocked] } },
  subscriptions: { mail: [shop.events.Bought, shop.events.Restocked] },
})
