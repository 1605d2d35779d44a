import { expect, test } from 'vitest'
import { z } from 'zod'
import { event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { ValidationFailed } from '../../../src/messages/validate.ts'
import { carried } from './carried.ts'

const uuid = '0198c0de-0000-7000-8000-000000000001'
const item = { sku: z.string(), qty: z.int() }
const order = z.object({
  id: z.uuid(),
  price: z.string().regex(/^\d+\.\d\d$/),
  site: z.url(),
  day: z.iso.date(),
  at: z.coerce.date(),
  lines: z.array(z.object(item)),
})
const json = {
  id: uuid,
  price: '12.50',
  site: 'https://example.com/',
  day: '2026-01-02',
  at: '2026-01-02T03:04:05.000Z',
  lines: [{ sku: 'LAMP', qty: 1 }],
}

class Line {
  readonly sku: string
  readonly qty: number

  constructor(sku: string, qty: number) {
    this.sku = sku
    this.qty = qty
  }
}

test('MSG-37 a structure is the same, whether it comes from an object or from JSON text', () => {
  const made = { ...json, at: new Date(json.at) }

  expect(carried(order, JSON.parse(JSON.stringify(made)))).toEqual(carried(order, made))
})

test('MSG-39 a list reads back as a list that cannot be changed', () => {
  const { lines } = carried(order, json).payload as z.output<typeof order>
  expect(Array.isArray(lines)).toBe(true)
  expect(() => lines.push({ sku: 'DESK', qty: 1 })).toThrow(TypeError)
})

test('MSG-40 a structure is written in the plain types of JSON', () => {
  expect(carried(order, { ...json, at: new Date(json.at) }).json).toEqual(json)
})

test('MSG-41 the JSON text of a structure is the JSON of its plain object', () => {
  expect(carried(order, json).text).toBe(JSON.stringify(json))
})

test('MSG-44 the structures of a list are objects of their own, equal when their input is', () => {
  const line = { sku: 'LAMP', qty: 1, at: '2026-01-02T03:04:05Z' }
  const schema = z.object({ lines: z.array(z.object({ ...item, at: z.coerce.date() })) })
  const { lines } = carried(schema, { lines: [line, line] }).payload as z.output<typeof schema>
  expect(lines[0]).toEqual({ ...line, at: new Date(line.at) })
  expect(lines[1]).toEqual(lines[0])
  expect(lines[1]).not.toBe(lines[0])
})

test('MSG-46 a list may mix plain objects with instances of a class', () => {
  const lines = [new Line('LAMP', 1), { sku: 'DESK', qty: 2 }]
  expect(carried(order, { ...json, lines }).payload).toMatchObject({
    lines: [
      { sku: 'LAMP', qty: 1 },
      { sku: 'DESK', qty: 2 },
    ],
  })
  expect(Object.isFrozen(lines[0])).toBe(false)
})

test('MSG-52 nested objects come from nested objects, and are written as such', () => {
  const schema = z.object({
    buyer: z.object({ home: z.object({ street: z.string(), since: z.coerce.date() }) }),
  })
  const input = { buyer: { home: { street: 'Rue 1', since: '2026-01-02T03:04:05.000Z' } } }
  const { payload, json: written } = carried(schema, input)
  expect(payload).toEqual({ buyer: { home: { street: 'Rue 1', since: new Date(input.buyer.home.since) } } })
  expect(written).toEqual(input)
})

test('MSG-26 messages that share fields spread one shape', () => {
  const shop = defineDomain('shop', {
    events: { Sold: event(z.object(item)), Returned: event(z.object(item)) },
  })
  const line = { sku: 'LAMP', qty: 1 }
  expect([shop.events.Sold(line).payload, shop.events.Returned(line).payload]).toEqual([line, line])
})

test('MSG-27 a message may replace a field of the shape that it shares', () => {
  const schema = z.object({ ...item, qty: z.literal('many') })
  expect(carried(schema, { sku: 'LAMP', qty: 'many' }).payload).toEqual({ sku: 'LAMP', qty: 'many' })
  expect(() => carried(schema, { sku: 'LAMP', qty: 1 })).toThrow(ValidationFailed)
})

test('MSG-49 a message may add fields to the shape that it shares', () => {
  const input = { sku: 'LAMP', qty: 1, batch: 'b-1' }
  expect(carried(z.object({ ...item, batch: z.string() }), input).payload).toEqual(input)
})

const fields = z.object({
  sku: z.string(),
  note: z.string().nullable().default(null),
  qty: z.int().default(1),
})

test('MSG-30 a missing field that may be null is null', () => {
  expect(carried(fields, { sku: 'LAMP', qty: 1 }).payload).toEqual({ sku: 'LAMP', qty: 1, note: null })
})

test('MSG-31 a missing field with a default has the default', () => {
  expect(carried(fields, { sku: 'LAMP', note: 'red' }).payload).toEqual({ sku: 'LAMP', qty: 1, note: 'red' })
})

test('MSG-33 a missing field is named, and no other', () => {
  expect(() => carried(fields, { qty: 2 })).toThrow(
    expect.objectContaining({
      code: 'ValidationFailed',
      issues: [{ path: 'sku', message: expect.stringContaining('expected string') }],
    }),
  )
})
