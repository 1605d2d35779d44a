import { expect, test } from 'vitest'
import { z } from 'zod'
import { PosthornError } from '../../../src/errors.ts'
import { command, event, failure } from '../../../src/messages/declare.ts'
import { DeclaredError } from '../../../src/messages/declared-error.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'

const any = z.object({})
const invalid = expect.objectContaining({ code: 'InvalidDefinition' })

test.each([
  ['a digit only', '7'],
  ['a digit first', '1shop'],
  ['camel case', 'myShop'],
  ['a capital', 'Shop'],
  ['an underscore', 'my_shop'],
  ['a leading hyphen', '-shop'],
  ['a trailing hyphen', 'shop-'],
  ['a double hyphen', 'my--shop'],
  ['a double hyphen in what was a subdomain', 'my--shop.town'],
  ['a dot', 'shop.town'],
  ['nothing', ''],
  ['more than 31 characters', 'a'.repeat(32)],
  ...['x', 'q', 'amq', 'guest'].map((name) => ['a word of the broker’s', name]),
])('COR-22 a domain’s name is refused for %s: "%s"', (_what, name) => {
  expect(() => defineDomain(name, {})).toThrow(invalid)
})

test.each(['shop', 'my-shop', 'shop2', 'my-2-shops', 'a'.repeat(31)])(
  'the domain name "%s" is accepted',
  (name) => {
    expect(defineDomain(name, {}).name).toBe(name)
  },
)

test.each(['sell', 'Sell_It', 'Sell-It', '1Sell', 'S', `S${'o'.repeat(64)}`])(
  'B13 COR-26 the message name "%s" is refused',
  (name) => {
    expect(() => defineDomain('shop', { events: { [name]: event(any) } })).toThrow(invalid)
  },
)

test.each(['Sold', 'SoldOut2', 'B2B', 'SKUs', `S${'o'.repeat(63)}`])(
  'COR-27 the message name "%s" is accepted',
  (name) => {
    const { events } = defineDomain('shop', { events: { [name]: event(any) } })
    expect(events[name]?.({}).type).toBe(`shop.${name}`)
  },
)

test('MSG-28 DOM-23 one name for two messages of a domain is refused', () => {
  expect(() =>
    defineDomain('shop', { commands: { Sell: command({ input: any }) }, events: { Sell: event(any) } }),
  ).toThrow(expect.objectContaining({ message: expect.stringContaining('shop.Sell is declared twice') }))
})

test('DOM-06 a command among the events, or an event among the commands, is refused; under two names it is two', () => {
  const sell = command({ input: any })
  const sold = event(any)

  // @ts-expect-error a command is no event
  expect(() => defineDomain('shop', { events: { Sell: sell } })).toThrow(/is no event/)
  // @ts-expect-error an event is no command
  expect(() => defineDomain('shop', { commands: { Sold: sold } })).toThrow(/is no command/)
  const { Sold, Gone } = defineDomain('shop', { events: { Sold: sold, Gone: sold } }).events
  expect([Sold({}).type, Gone({}).type]).toEqual(['shop.Sold', 'shop.Gone'])
})

test('MSG-51 DOM-10 DOM-46 what is declared makes no messages and no errors until a domain has it', () => {
  const sold = event(any)
  const banned = failure(any, () => 'No')

  // @ts-expect-error an event of no domain cannot be made
  expect(() => sold({})).toThrow(TypeError)
  // @ts-expect-error an error of no domain cannot be made
  expect(() => new banned({})).toThrow(TypeError)
  expect(() => defineDomain('', { events: { Sold: sold } })).toThrow(invalid)
})

test('DOM-09 a definition knows its domain, its name and what it defines', () => {
  const shop = defineDomain('shop', {
    commands: { Sell: command({ input: any }) },
    events: { Sold: event(any) },
  })

  expect({ ...shop.commands.Sell }).toMatchObject({ domain: 'shop', type: 'shop.Sell', kind: 'command' })
  expect({ ...shop.events.Sold }).toMatchObject({ domain: 'shop', type: 'shop.Sold', kind: 'event' })
})

test('DOM-12 the domain of a definition cannot be replaced', () => {
  const { Sold } = defineDomain('shop', { events: { Sold: event(any) } }).events

  expect(() => Object.assign(Sold, { domain: 'other' })).toThrow(TypeError)
  expect(Sold({}).type).toBe('shop.Sold')
})

test.each([undefined, null, 'text', {}, z.object({})['~standard']])(
  'what is no schema is refused: %s',
  (schema) => {
    expect(() => defineDomain('shop', { events: { Sold: event(schema as never) } })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('shop.Sold has no schema') }),
    )
  },
)

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
