import { z } from 'zod'
import { command, event } from '../../src/messages/declare.ts'
import { defineDomain } from '../../src/messages/define-domain.ts'
import { defineSystem } from '../../src/messages/define-system.ts'
import type { MessageOf } from '../../src/messages/definitions.ts'
import type { CallableBy, Command, ResultOf } from '../../src/messages/message.ts'

export const shop = defineDomain('shop', {
  commands: {
    Buy: command({
      input: z.object({ sku: z.string(), at: z.coerce.date().optional() }),
      output: z.object({ ok: z.boolean() }),
      errors: { Sold: z.object({ sku: z.string() }) },
      allow: ['web', 'mobile'],
    }),
    Close: command({ input: z.object({}) }),
  },
  events: { Bought: event(z.object({ sku: z.string() }), { key: (p) => p.sku }) },
})
defineSystem({ domains: [shop], clients: { web: { subscribes: [shop.events.Bought] }, mobile: {} } })

declare function call<C extends Command>(c: C & CallableBy<C, 'web'>): Promise<ResultOf<C>>
export async function f() {
  const r = await call(shop.commands.Buy({ sku: 'a' }))
  const ok: boolean = r.ok
  // @ts-expect-error nobody may call it
  await call(shop.commands.Close({}))
  // @ts-expect-error wrong payload
  shop.commands.Buy({ sku: 1 })
  const e = new shop.errors.Sold({ sku: 'x' })
  const sku: string = e.data.sku
  const m: MessageOf<typeof shop.commands.Buy>['type'] = 'shop.Buy'
  return [ok, sku, m]
}
// @ts-expect-error a list of any strings would allow everybody
export const open = command({ input: z.object({}), allow: ['a'] as string[] })
