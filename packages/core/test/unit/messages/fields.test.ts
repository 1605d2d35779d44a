import * as v from 'valibot'
import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { carried, carriedField } from './carried.ts'

const uuid = '0198c0de-0000-7000-8000-000000000001'
const decimal = z.string().regex(/^-?\d+(\.\d+)?$/)
const date = z.union([z.iso.date(), z.date().transform((day) => day.toISOString().slice(0, 10))])
const url = z.union([z.url(), z.instanceof(URL).transform(({ href }) => href)])
const looseEmail = z.email({ pattern: z.regexes.html5Email })

afterEach(() => void vi.unstubAllEnvs())

test.each<[string, z.ZodType, unknown]>([
  ['MSG-01 a string is taken unchanged', z.string(), ' Lämp\n\u0000 🪔 '],
  ['MSG-02 a UUID is taken, as the string that it is', z.uuid(), uuid],
  ['MSG-03 a whole number is taken as such', z.int(), 42],
  ['MSG-04 a number with a fraction is taken as such', z.number(), 0.1],
  ['MSG-06 a decimal is a numeric string, and keeps every digit', decimal, '0.10000000000000000000000000001'],
  ['MSG-13 a time of day is an ISO string', z.iso.time(), '23:59:59.123'],
  ['MSG-16 an email address is taken', z.email(), 'ada@example.com'],
  ['MSG-17 an address at a host without a dot is taken by the rule of HTML', looseEmail, 'user@localhost'],
])('%s', (_title, schema, input) => {
  expect(carriedField(schema, input)).toEqual({ value: input, json: input })
})

test.each<[string, z.ZodType, unknown]>([
  ['a string where a whole number belongs', z.int(), '42'],
  ['a fraction where a whole number belongs', z.int(), 1.5],
  ['a word where a boolean belongs', z.boolean(), 'Yes'],
  ['a number where a boolean belongs', z.boolean(), 1],
  ['what is nearly a UUID', z.uuid(), uuid.slice(1)],
  ['what is nearly a decimal', decimal, '1,5'],
  ['a date that does not exist', date, '2030-02-29'],
  ['a time without an offset, where a schema asks for one', z.iso.datetime(), '2026-01-02T03:04:05'],
  ['a host without a dot, unless the schema says so', z.email(), 'user@localhost'],
  ['half a URL', url, '//example.com'],
])('refused: %s', (_what, schema, input) => {
  expect(() => carriedField(schema, input)).toThrow(
    expect.objectContaining({
      code: 'ValidationFailed',
      issues: [expect.objectContaining({ path: 'field' })],
    }),
  )
})

/** As the predecessors read booleans; `z.boolean()` alone takes `true` and `false` and nothing else. */
const leniently = z.union([
  z.boolean(),
  z.coerce.string().pipe(
    z.stringbool({
      truthy: ['true', 't', 'yes', 'y', 'on', '1'],
      falsy: ['false', 'f', 'no', 'n', 'off', '0'],
    }),
  ),
])

test.each<[string, unknown[], boolean]>([
  [
    'MSG-09 words and numbers are true where the schema says which',
    [true, 'True', 't', 'Yes', 'Y', 'On', '1', 1],
    true,
  ],
  [
    'MSG-10 words and numbers are false where the schema says which',
    [false, 'false', 'f', 'no', 'n', 'off', '0', 0],
    false,
  ],
])('%s', (_title, inputs, value) => {
  for (const input of inputs) expect(carriedField(leniently, input)).toEqual({ value, json: value })
})

test('MSG-11 a time without an offset is local time and becomes UTC', () => {
  vi.stubEnv('TZ', 'America/New_York')
  const local = carriedField(z.coerce.date(), '2026-01-02T03:04:05')
  expect(local.json).toBe('2026-01-02T08:04:05.000Z')
  expect(carriedField(z.coerce.date(), new Date(2026, 0, 2, 3, 4, 5))).toEqual(local)
})

test('MSG-12 a time with an offset is converted to UTC', () => {
  const moment = new Date(Date.UTC(2026, 0, 2, 0, 4, 5))
  for (const input of ['2026-01-02T03:04:05+03:00', moment]) {
    expect(carriedField(z.coerce.date(), input)).toEqual({ value: moment, json: '2026-01-02T00:04:05.000Z' })
  }
})

test('MSG-14 a calendar date is an ISO string, and where the schema says so a Date', () => {
  for (const input of ['2028-02-29', new Date('2028-02-29T12:00:00Z')]) {
    expect(carriedField(date, input)).toEqual({ value: '2028-02-29', json: '2028-02-29' })
  }
})

test('MSG-15 a URL is a string, and where the schema says so a URL object', () => {
  const href = 'https://example.com/lamps?colour=red#top'
  for (const input of [href, new URL(href)]) {
    expect(carriedField(url, input)).toEqual({ value: href, json: href })
  }
})

const everything = z.object({
  date: z.iso.date(),
  datetime: z.coerce.date(),
  uuid: z.uuid(),
  decimal,
  set: z.union([z.set(z.string()).transform((set) => [...set]), z.array(z.string())]),
  tuple: z.tuple([z.string(), z.int()]),
  dict: z.record(z.string(), z.object({ qty: z.int() })),
  enumerated: z.enum({ RED: 'red', BLUE: 'blue' }),
})

const whole = {
  date: '2026-01-02',
  datetime: '2026-01-02T03:04:05.678+02:00',
  uuid,
  decimal: '12.50',
  set: new Set(['a', 'b']),
  tuple: ['x', 1],
  dict: { lamp: { qty: 2 } },
  enumerated: 'red',
}

test('DOM-22 dates, times, UUIDs, decimals, sets, tuples, dicts and enums have the JSON that one expects', () => {
  expect(carried(everything, whole).json).toEqual({
    ...whole,
    datetime: '2026-01-02T01:04:05.678Z',
    set: ['a', 'b'],
  })
})

test('MSG-38 every field that was loaded has the value and type of its schema', () => {
  const { payload } = carried(everything, { ...whole, set: ['a', 'b'] })
  expect(payload).toEqual({
    ...whole,
    datetime: new Date('2026-01-02T01:04:05.678Z'),
    set: ['a', 'b'],
  })
})

test('the fields of valibot travel alike', () => {
  const schema = v.object({
    at: v.pipe(v.union([v.pipe(v.string(), v.isoTimestamp()), v.date()]), v.toDate()),
    id: v.pipe(v.string(), v.uuid()),
    sure: v.boolean(),
    note: v.optional(v.nullable(v.string()), null),
  })
  const { payload, json } = carried(schema, { at: '2026-01-02T03:04:05+02:00', id: uuid, sure: true })
  expect(payload).toEqual({ at: new Date('2026-01-02T01:04:05Z'), id: uuid, sure: true, note: null })
  expect(json).toEqual({ at: '2026-01-02T01:04:05.000Z', id: uuid, sure: true, note: null })
})
