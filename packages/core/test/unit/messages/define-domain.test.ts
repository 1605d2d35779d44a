import { expect, test } from 'vitest'
import { z } from 'zod'
import { PosthornError } from '../../../src/errors.ts'
import { command, event, failure } from '../../../src/messages/declare.ts'
import { DeclaredError } from '../../../src/messages/declared-error.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'

const any = z.object({})
const invalid = expect.objectContaining({ code: 'InvalidDefinition' })

test.each([
  '1shop',
  'Shop',
  'my_shop',
  '-shop',
  'shop-',
  'a--b',
  'x',
  'q',
  'amq',
  'guest',
  'a'.repeat(32),
  'a.b',
  '',
])('the domain name "%s" is refused', (name) => {
  expect(() => defineDomain(name, {})).toThrow(invalid)
})

test.each(['shop', 'my-shop', 'shop2', 'a'.repeat(31)])('the domain name "%s" is accepted', (name) => {
  expect(defineDomain(name, {}).name).toBe(name)
})

test.each(['sell', 'Sell_It', 'Sell-It', '1Sell', 'S'])('the message name "%s" is refused', (name) => {
  expect(() => defineDomain('shop', { events: { [name]: event(any) } })).toThrow(invalid)
})

test('one name for a command and an event is refused', () => {
  expect(() =>
    defineDomain('shop', { commands: { Sell: command({ input: any }) }, events: { Sell: event(any) } }),
  ).toThrow(invalid)
})

test('one error name with two schemas in a domain is refused, one schema used twice is not', () => {
  const sold = z.object({ sku: z.string() })
  const sell = command({ input: any, errors: { Sold: sold } })

  expect(() =>
    defineDomain('shop', {
      commands: {
        Sell: sell,
        Hold: command({ input: any, errors: { Sold: z.object({ sku: z.string() }) } }),
      },
    }),
  ).toThrow(invalid)
  expect(
    defineDomain('shop', { commands: { Sell: sell, Hold: command({ input: any, errors: { Sold: sold } }) } })
      .errors.Sold,
  ).toBeDefined()
})

test('a version without all its up-casters is refused', () => {
  expect(() =>
    defineDomain('shop', { events: { Sold: event(any, { version: 3, from: { 1: () => ({}) } }) } }),
  ).toThrow(invalid)
})

test('an asynchronous schema is refused when the first message is made', () => {
  const slow = z.object({}).refine(async () => true)
  const shop = defineDomain('shop', { events: { Sold: event(slow) } })

  expect(() => shop.events.Sold({})).toThrow(invalid)
})

test('a declared error is a class with validated data, and its text comes from the contract', () => {
  const shop = defineDomain('shop', {
    commands: {
      Sell: command({
        input: any,
        errors: { Sold: failure(z.object({ sku: z.string() }), ({ sku }) => `${sku} is sold`) },
      }),
    },
  })
  const error = new shop.errors.Sold({ sku: 'lamp' })

  expect(error).toBeInstanceOf(shop.errors.Sold)
  expect(error).toBeInstanceOf(DeclaredError)
  expect(error).toBeInstanceOf(PosthornError)
  expect(error).toMatchObject({
    name: 'Sold',
    domain: 'shop',
    data: { sku: 'lamp' },
    message: 'lamp is sold',
    outcome: 'failed',
  })
  expect(() => new shop.errors.Sold({ sku: 7 as never })).toThrow(
    expect.objectContaining({ code: 'ValidationFailed' }),
  )
})

test('a command without allow allows nobody', () => {
  const shop = defineDomain('shop', { commands: { Sell: command({ input: any }) } })

  expect(shop.commands.Sell.allow).toEqual([])
})

test('two contracts with one name do not see each other', () => {
  const one = defineDomain('shop', { events: { Sold: event(any) } })
  const two = defineDomain('shop', { events: { Sold: event(any) } })

  expect(one.events.Sold).not.toBe(two.events.Sold)
})
