import { expect, test } from 'vitest'
import { createMessageBus } from '../../../src/internal-bus/create-message-bus.ts'
import { sell, shop } from './shop.ts'

test('BUS-01 a bus without the handlers that its contract asks for, or with others, cannot be made', () => {
  const make = (handlers: object) =>
    createMessageBus({ domain: shop, units: {} as never, outbox: {} as never, handlers: handlers as never })
  const invalid = (text: string) =>
    expect.objectContaining({ code: 'InvalidDefinition', message: expect.stringContaining(text) })
  const commands = { Sell: sell, Restock: () => undefined }

  expect(() => make({ commands: { Sell: sell } })).toThrow(invalid('Restock'))
  expect(() => make({ commands: { ...commands, Fly: sell } })).toThrow(invalid('Fly'))
  expect(() => make({ commands, events: { Lost: {} } })).toThrow(invalid('Lost'))
  expect(() => make({ commands, subscriptions: { 'supplier.Shipped': {} } })).toThrow(
    invalid('supplier.Shipped'),
  )
})

test('BUS-52 a table that holds anything but handlers is refused when the bus is made', () => {
  const make = (sold: unknown) =>
    createMessageBus({
      domain: shop,
      units: {} as never,
      outbox: {} as never,
      handlers: {
        commands: { Sell: sell, Restock: () => undefined },
        events: { Sold: { note: sold } },
      } as never,
    })

  for (const wrong of [undefined, null, 'note', { transaction: 'shared' }, [sell]]) {
    expect(() => make(wrong)).toThrow(expect.objectContaining({ code: 'InvalidDefinition' }))
  }
  expect(() => make(sell)).not.toThrow()
})
