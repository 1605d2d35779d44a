import { expect, test } from 'vitest'
import { z } from 'zod'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { defineSystem } from '../../../src/messages/define-system.ts'

const any = z.object({})
const shop = defineDomain('shop', { events: { Sold: event(any), Counted: event(any, { private: true }) } })
const stock = defineDomain('stock', { commands: { Take: command({ input: any, allow: ['shop', 'robot'] }) } })
const invalid = (text: RegExp) =>
  expect.objectContaining({ code: 'InvalidDefinition', message: expect.stringMatching(text) })

test('a system knows its domains, clients and subscriptions', () => {
  const system = defineSystem({
    domains: [shop, stock],
    clients: { robot: { subscribes: [shop.events.Sold] } },
    subscriptions: { stock: [shop.events.Sold] },
  })

  expect([...system.domains.keys()]).toEqual(['shop', 'stock'])
  expect(system.clients).toEqual(['robot'])
  expect(system.subscriptions.get('robot')).toEqual([shop.events.Sold])
})

test('a command that allows a stranger is refused', () => {
  expect(() => defineSystem({ domains: [shop, stock] })).toThrow(invalid(/allows robot/))
})

test('a command that allows its own domain is refused', () => {
  const own = defineDomain('own', { commands: { Act: command({ input: any, allow: ['own'] }) } })

  expect(() => defineSystem({ domains: [own] })).toThrow(invalid(/own domain/))
})

test.each([
  ['a private event', { shop, subscriber: 'stock', event: shop.events.Counted }, /private/],
  ["one's own event", { subscriber: 'shop', event: shop.events.Sold }, /its own event/],
])('a subscription to %s is refused', (_what, { subscriber, event: subscribed }, text) => {
  expect(() =>
    defineSystem({
      domains: [shop, stock],
      clients: { robot: {} },
      subscriptions: { [subscriber]: [subscribed] },
    }),
  ).toThrow(invalid(text))
})

test('a subscription to a domain outside the system is refused', () => {
  const other = defineDomain('other', { events: { Done: event(any) } })

  expect(() => defineSystem({ domains: [shop], subscriptions: { shop: [other.events.Done] } })).toThrow(
    invalid(/not in the system/),
  )
})

test('a name used twice, or a client with a bad name, is refused', () => {
  expect(() => defineSystem({ domains: [shop, shop] })).toThrow(invalid(/twice/))
  expect(() => defineSystem({ domains: [shop], clients: { shop: {} } })).toThrow(
    invalid(/both a domain and a client/),
  )
  expect(() => defineSystem({ domains: [shop], clients: { Robot: {} } })).toThrow(
    invalid(/cannot name a client/),
  )
})
