import { z } from 'zod'
import type { ExternalBus } from '../../src/external-bus/external-bus.ts'
import { createMessageBus } from '../../src/internal-bus/create-message-bus.ts'
import { detached, shared } from '../../src/internal-bus/handlers.ts'
import { command, event } from '../../src/messages/declare.ts'
import { defineDomain } from '../../src/messages/define-domain.ts'
import type { MessageOf } from '../../src/messages/definitions.ts'
import type { OutboxQueue } from '../../src/outbox/outbox.ts'
import type { UnitOfWork, UnitsOfWork } from '../../src/unit-of-work/unit-of-work.ts'

const sku = z.object({ sku: z.string() })

const stock = defineDomain('stock', {
  commands: {
    Take: command({
      input: sku,
      output: z.object({ left: z.number() }),
      errors: { Gone: sku },
      allow: ['shop'],
    }),
    Count: command({ input: sku, allow: ['shop'] }),
  },
  events: { Taken: event(sku), Audited: event(sku, { private: true }) },
})
const shop = defineDomain('shop', { commands: { Sell: command({ input: sku, allow: ['web'] }) } })

interface Repositories {
  readonly items: { readonly left: number }
}
declare const units: UnitsOfWork<Repositories, 'stock'>
declare const shopUnits: UnitsOfWork<Repositories, 'shop'>
declare const outbox: OutboxQueue

const take = async (_command: MessageOf<typeof stock.commands.Take>, unit: UnitOfWork<Repositories>) => ({
  left: unit.items.left,
})
const count = () => {}
const view = (_event: MessageOf<typeof stock.events.Audited>, unit: UnitOfWork<Repositories>) =>
  unit.items.left
const base = { domain: stock, units, outbox }

export const complete = createMessageBus({
  ...base,
  handlers: {
    commands: { Take: take, Count: count },
    events: {
      Taken: { audit: (e, unit) => unit.publish(stock.events.Audited({ sku: e.payload.sku })) },
      Audited: { view: shared(view), mail: detached((_e, outgoing) => outgoing.publish) },
    },
  },
})

export const inline = createMessageBus({
  ...base,
  handlers: {
    commands: { Take: async (c, unit) => ({ left: unit.items.left + c.payload.sku.length }), Count: count },
  },
})

export async function results() {
  const { left } = await complete.handle(stock.commands.Take({ sku: 'a' }))
  const whole: number = left
  return whole
}

// @ts-expect-error a command of the contract has no handler
createMessageBus({ ...base, handlers: { commands: { Take: take } } })
// @ts-expect-error the table is empty
createMessageBus({ ...base, handlers: { commands: {} } })
// @ts-expect-error another domain's command
createMessageBus({ ...base, handlers: { commands: { Take: take, Count: count, Sell: count } } })
const variable = { Take: take, Count: count, Sell: count }
// @ts-expect-error another domain's command, also by way of a variable
createMessageBus({ ...base, handlers: { commands: variable } })
// @ts-expect-error the wrong result
createMessageBus({ ...base, handlers: { commands: { Take: async () => ({ left: 'many' }), Count: count } } })
const countsTakes = (_command: MessageOf<typeof stock.commands.Take>) => undefined
// @ts-expect-error a handler of another command
createMessageBus({ ...base, handlers: { commands: { Take: take, Count: countsTakes } } })

const shopBase = { domain: shop, units: shopUnits, outbox, subscribes: [stock.events.Taken] }
export const subscriber = createMessageBus({
  ...shopBase,
  handlers: { commands: { Sell: count }, subscriptions: { 'stock.Taken': { note: (e) => e.payload.sku } } },
})
// @ts-expect-error an event subscribed to has no handlers
createMessageBus({ ...shopBase, handlers: { commands: { Sell: count }, subscriptions: {} } })
// @ts-expect-error the subscriptions are missing
createMessageBus({ ...shopBase, handlers: { commands: { Sell: count } } })

export async function calls(
  asShop: ExternalBus<'shop'>,
  asWeb: ExternalBus<'web'>,
  unit: UnitOfWork<object, 'web'>,
  stockUnit: UnitOfWork<object, 'stock'>,
) {
  const { left } = await asShop.call(stock.commands.Take({ sku: 'a' }))
  const whole: number = left
  // @ts-expect-error the contract does not allow web to take stock
  await asWeb.call(stock.commands.Take({ sku: 'a' }))
  // @ts-expect-error nor to send it
  await asWeb.send(stock.commands.Take({ sku: 'a' }))
  // @ts-expect-error nor from within a unit of work
  unit.send(stock.commands.Take({ sku: 'a' }))
  unit.send(shop.commands.Sell({ sku: 'a' }))
  stockUnit.send(stock.commands.Count({ sku: 'a' }))
  // @ts-expect-error the payload is wrong
  await asShop.call(stock.commands.Take({ sku: 7 }))
  return whole
}
