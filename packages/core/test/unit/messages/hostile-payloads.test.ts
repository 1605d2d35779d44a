import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import type { Message } from '../../../src/messages/message.ts'
import type { StandardSchemaV1 } from '../../../src/messages/standard-schema.ts'
import { ValidationFailed } from '../../../src/messages/validate.ts'

function definitionOf<S extends StandardSchemaV1>(schema: S) {
  const { Sold } = defineDomain('shop', { events: { Sold: event(schema) } }).events
  const { payload: _payload, kind: _kind, ...envelope } = Anything({})
  return { make: Sold, receive: (payload: unknown) => Sold.receive({ ...envelope, payload }) }
}

const Anything = defineDomain('shop', { events: { Sold: event(z.any()) } }).events.Sold
const anything = definitionOf(z.any())
const line = z.object({ sku: z.string(), qty: z.int() })

const definitions = [
  z.object({ lines: z.array(line), note: z.string().optional() }),
  z.strictObject({ sku: z.string() }),
  z.looseObject({ lines: z.unknown() }),
  z.record(z.string(), z.unknown()),
  z.union([z.string(), z.number(), z.array(z.unknown())]),
  z.json(),
  z.any(),
  v.object({ lines: v.array(v.object({ sku: v.string(), qty: v.number() })) }),
  v.record(v.string(), v.unknown()),
  v.looseObject({}),
].map((schema) => definitionOf<StandardSchemaV1>(schema))

/** The message, or the issues that there are instead. Any other error fails the test. */
function outcome(work: () => Message) {
  try {
    return { message: work(), issues: [] }
  } catch (error) {
    if (!(error instanceof ValidationFailed) || error.issues.length === 0) throw error
    return { message: undefined, issues: error.issues.map(({ path, message }) => `${path}: ${message}`) }
  }
}

const key = fc.oneof(
  fc.string(),
  fc.constantFrom('lines', 'sku', 'qty', '__proto__', 'constructor', 'prototype', 'toString', 'toJSON'),
)
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.jsonValue({ maxDepth: 1, stringUnit: 'binary' }),
    fc.constantFrom('\ud800', '\u0000', 1e30, 2 ** 53, -0, ''),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value

test('whatever JSON comes, there is a frozen message or a list of what is wrong with it', () => {
  fc.assert(
    fc.property(fc.constantFrom(...definitions), json, ({ make, receive }, payload) => {
      const text = JSON.stringify(payload)
      for (const { message } of [outcome(() => make(payload)), outcome(() => receive(JSON.parse(text)))]) {
        expect(message === undefined || isFrozenThroughout(message)).toBe(true)
      }
    }),
    { numRuns: 2_000 },
  )
})

const programs = fc.anything({
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withTypedArray: true,
  withSparseArray: true,
})

test('whatever a program hands over, the message says in JSON all that it holds, or is not made', () => {
  fc.assert(
    fc.property(programs, (payload) => {
      const { message } = outcome(() => anything.make(payload))
      fc.pre(message !== undefined)
      const text = JSON.stringify(message.payload)
      expect(JSON.stringify(anything.receive(JSON.parse(text)).payload)).toBe(text)
      expect(plain(JSON.parse(text))).toEqual(plain(message.payload))
    }),
    { numRuns: 2_000 },
  )
})

test('B9 B14 keys that reach for a prototype change none, and are not read as a value', () => {
  const hostile = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":null}'
  for (const { receive } of definitions) {
    const { payload } = outcome(() => receive(JSON.parse(hostile))).message ?? {}
    expect((payload as { polluted?: unknown } | undefined)?.polluted).toBeUndefined()
  }
  expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  expect(outcome(() => anything.receive(JSON.parse(hostile))).issues).toEqual([': reaches for a prototype'])
})

test('what every object inherits is not delivered as a value, even if a schema takes it for one', () => {
  const inherited = definitionOf(z.object({ toString: z.unknown().optional() }))
  expect(outcome(() => inherited.receive({})).issues).toEqual(['toString: function has no JSON'])
  expect(inherited.receive({ toString: 'own' }).payload).toEqual({ toString: 'own' })
})

describe('a payload of unusual size', () => {
  const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`)

  test('is nested as deep as a wire takes it, and no deeper', () => {
    expect(outcome(() => anything.make(nested(32))).issues).toEqual([])
    expect(outcome(() => anything.make(nested(33))).issues).toEqual([
      `${'a.'.repeat(31)}a: is nested deeper than 32 levels`,
    ])
  })

  test('counts the levels of what stands in several places in each of them', () => {
    const shared = nested(20)
    const deeper = { a: { a: { a: { a: { a: { a: { a: { a: { a: { a: { a: shared } } } } } } } } } } }
    expect(outcome(() => anything.make({ one: shared, other: deeper })).issues).toEqual([])
    for (const both of [
      { one: shared, other: { a: deeper } },
      { other: { a: deeper }, one: shared },
    ]) {
      expect(outcome(() => anything.make(both)).issues).toEqual([
        expect.stringContaining('is nested deeper than 32 levels'),
      ])
    }
  })

  test.each([100, 10_000])('is refused %s levels deep', (depth) => {
    for (const { make, receive } of definitions.slice(0, 1).concat(anything)) {
      expect(outcome(() => make(nested(depth))).message).toBeUndefined()
      expect(outcome(() => receive(nested(depth))).message).toBeUndefined()
    }
    const object = definitionOf(z.object({ a: z.unknown() }))
    expect(outcome(() => object.make({ a: nested(depth) })).issues).toHaveLength(1)
  })

  test('may hold a string of a megabyte', () => {
    const text = 'x'.repeat(2 ** 20)
    expect(anything.receive({ text }).payload).toEqual({ text })
  })

  test('does not make its error as large', () => {
    const numbers = definitionOf(z.array(z.int()))
    const keys = definitionOf(z.strictObject({}))
    for (const work of [
      () => numbers.receive(Array.from({ length: 50_000 }, () => 'no')),
      () => keys.receive({ ['k'.repeat(2 ** 20)]: 1 }),
    ]) {
      const error = thrownBy(work)
      expect(error).toBeInstanceOf(ValidationFailed)
      expect(error.message.length).toBeLessThan(5_000)
    }
    const { issues, message } = thrownBy(() => numbers.receive(Array.from({ length: 50_000 }, () => 'no')))
    expect(issues).toHaveLength(50_000)
    expect(message).toMatch(/; and 49980 more$/)
  })
})

class Sealed {
  readonly #secret = 7
  reveal() {
    return this.#secret
  }
}

class Money {
  cents = 10n
  toJSON() {
    return '0.10'
  }
}

test('what says itself what it is in JSON is left as it is', () => {
  const money = new Money()
  expect(anything.make({ money }).payload).toEqual({ money })
  expect(Object.isFrozen(money)).toBe(false)
})

describe('what JSON has no word for is refused by its path', () => {
  test.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'NaN has no JSON'],
    ['an infinite number', Number.NEGATIVE_INFINITY, '-Infinity has no JSON'],
    ['a bigint', 10n, 'bigint has no JSON'],
    ['a symbol', Symbol('s'), 'symbol has no JSON'],
    ['a function', () => 1, 'function has no JSON'],
    ['an invalid Date', new Date(Number.NaN), 'is no valid date'],
    ['a Map', new Map([[1, 2]]), 'Map has no JSON'],
    ['a Set', new Set([1]), 'Set has no JSON'],
    ['bytes', new Uint8Array(2), 'Uint8Array has no JSON'],
    ['an object that shows nothing', new Sealed(), 'Sealed has no JSON'],
    ['a hole in a list', [undefined], 'undefined has no JSON'],
  ])('%s', (_what, value, message) => {
    const where = Array.isArray(value) ? 'deep[0].value[0]' : 'deep[0].value'
    expect(outcome(() => anything.make({ deep: [{ value }] })).issues).toEqual([`${where}: ${message}`])
  })

  test('nothing at all', () => {
    expect(outcome(() => anything.make(undefined)).issues).toEqual([': undefined has no JSON'])
  })

  test('all of it at once', () => {
    expect(outcome(() => anything.make({ a: 1n, b: [Number.NaN], c: 'fine' })).issues).toEqual([
      'a: bigint has no JSON',
      'b[0]: NaN has no JSON',
    ])
  })

  test('COR-29 what holds itself; everything else is frozen throughout', () => {
    const ring: { self?: unknown; readonly rings: unknown[] } = { rings: [] }
    ring.self = ring
    ring.rings.push(ring, { ring })
    expect(outcome(() => anything.make({ ring })).issues).toEqual([
      'ring.rings[0]: holds itself',
      'ring.rings[1].ring: holds itself',
      'ring.self: holds itself',
    ])
    const shared = { qty: 1 }
    const { payload } = anything.make({ one: shared, other: [shared] })
    expect(isFrozenThroughout(payload)).toBe(true)
  })
})

describe('what is odd, but JSON', () => {
  test.each<[string, unknown, unknown]>([
    ['half a surrogate pair', '\ud800', '\ud800'],
    ['the character NUL', 'a\u0000b', 'a\u0000b'],
    ['a number beyond all exact integers', 1e30, 1e30],
    ['the first integer that has a neighbour too many', 2 ** 53, 2 ** 53],
    ['minus zero, which becomes zero', -0, 0],
    [
      'an object that shows nothing but says what it is',
      new URL('https://example.com/'),
      'https://example.com/',
    ],
    ['an object that says what it is, whatever is in it', new Money(), '0.10'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['an empty one', Object.create(null), {}],
    ['a field called toJSON', { toJSON: 1 }, { toJSON: 1 }],
    ['a field that is undefined, which is left out', { a: undefined, b: 1 }, { b: 1 }],
  ])('%s', (_what, value, arrives) => {
    const { payload } = anything.make({ value })
    expect(anything.receive(JSON.parse(JSON.stringify(payload))).payload).toEqual({ value: arrives })
  })
})

describe('a payload that cannot be read', () => {
  const trap = () => {
    throw new Error('secret')
  }
  const reading = () => Object.defineProperty({}, 'lines', { get: trap, enumerable: true })

  test.each([
    ['because its getter throws', reading()],
    ['because its proxy does', new Proxy({}, { ownKeys: trap, getPrototypeOf: trap, get: trap, has: trap })],
  ])('is not valid, %s', (_what, payload) => {
    for (const schema of [v.any(), v.looseObject({ lines: v.unknown() })]) {
      const error = thrownBy(() => definitionOf<StandardSchemaV1>(schema).make(payload))
      expect(error).toBeInstanceOf(ValidationFailed)
      expect(error.message).not.toContain('secret')
      expect(error.cause).toMatchObject({ message: 'secret' })
    }
  })

  test('says so also by way of zod, which answers a throwing function with a promise', () => {
    const { make } = definitionOf<StandardSchemaV1>(z.object({ lines: z.unknown() }))
    expect(() => make(reading())).toThrow(/is asynchronous, or a function in it threw/)
  })
})

test('a function of the contract that throws on a payload makes it invalid, and nothing else', () => {
  const { Sold } = defineDomain('shop', {
    events: {
      Sold: event(z.object({ sku: z.string(), lines: z.array(line).optional() }), {
        version: 2,
        from: { 1: (old: { name: string }) => ({ sku: old.name.trim() }) },
        key: ({ sku, lines }) => (sku === 'lines' ? (lines as { sku: string }[])[0]?.sku : sku) as string,
      }),
    },
  }).events
  const { payload: _payload, kind: _kind, ...envelope } = Sold({ sku: 'lamp' })

  expect(outcome(() => Sold.receive({ ...envelope, version: 1, payload: null })).issues).toEqual([
    ': the up-caster from version 1 threw',
  ])
  expect(outcome(() => Sold({ sku: 'lines' })).issues).toEqual([': the function for its key threw'])
})

function thrownBy(work: () => unknown): ValidationFailed {
  try {
    work()
  } catch (error) {
    return error as ValidationFailed
  }
  throw new Error('nothing was thrown')
}

function isFrozenThroughout(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Date) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozenThroughout)
}

/** With Dates as text, without what is undefined and without prototypes. */
function plain(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'number') return value + 0
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([name, held]) =>
    held === undefined ? [] : [[name, plain(held)]],
  )
  return Object.fromEntries(entries)
}
