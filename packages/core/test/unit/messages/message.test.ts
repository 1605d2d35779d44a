import { expect, test } from 'vitest'
import { z } from 'zod'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { causedBy } from '../../../src/messages/message.ts'
import { uuidV7 } from '../../../src/messages/uuid-v7.ts'
import { ValidationFailed } from '../../../src/messages/validate.ts'

const shop = defineDomain('shop', {
  commands: {
    Sell: command({
      input: z.object({ lines: z.array(z.object({ sku: z.string(), qty: z.int() })), at: z.coerce.date() }),
    }),
  },
  events: {
    Sold: event(z.object({ sku: z.string() }), { key: (payload) => payload.sku }),
    Renamed: event(z.object({ full: z.string() }), {
      version: 3,
      from: {
        1: (old: { first: string; last: string }) => ({ name: `${old.first} ${old.last}` }),
        2: (old: { name: string }) => ({ full: old.name }),
      },
    }),
  },
})

test('a message carries its identity, type, kind, version and time', () => {
  const sold = shop.events.Sold({ sku: 'lamp' })

  expect(sold).toMatchObject({
    type: 'shop.Sold',
    kind: 'event',
    version: 1,
    payload: { sku: 'lamp' },
    key: 'lamp',
  })
  expect(sold.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(new Date(sold.time).toISOString()).toBe(sold.time)
})

test('two messages with equal payloads are two messages', () => {
  expect(shop.events.Sold({ sku: 'lamp' }).id).not.toBe(shop.events.Sold({ sku: 'lamp' }).id)
})

test('a message is frozen, and so is all that it holds but Dates', () => {
  const sell = shop.commands.Sell({ lines: [{ sku: 'lamp', qty: 1 }], at: '2026-01-02T03:04:05Z' })

  expect(() => Object.assign(sell, { id: 'other' })).toThrow(TypeError)
  expect(() => sell.payload.lines.push({ sku: 'desk', qty: 1 })).toThrow(TypeError)
  expect(() => Object.assign(sell.payload.lines[0] ?? {}, { qty: 2 })).toThrow(TypeError)
  expect(sell.payload.at).toEqual(new Date('2026-01-02T03:04:05Z'))
})

test('the first message of a chain is its own correlation and has no cause', () => {
  const sold = shop.events.Sold({ sku: 'lamp' })

  expect(sold).toMatchObject({ correlationId: sold.id, causationId: null })
})

test('a message made with a cause inherits its correlation and trace and takes its id as causation', () => {
  const first = { ...shop.events.Sold({ sku: 'lamp' }), traceparent: '00-aa-bb-01' }
  const second = shop.events.Sold({ sku: 'desk' }, first)
  const third = causedBy(shop.events.Sold({ sku: 'chair' }), second)

  expect(second).toMatchObject({ correlationId: first.id, causationId: first.id, traceparent: '00-aa-bb-01' })
  expect(third).toMatchObject({ correlationId: first.id, causationId: second.id })
  expect(causedBy(third, first)).toBe(third)
})

test('an invalid payload is refused with every fault and its path', () => {
  const faults = () =>
    shop.commands.Sell({
      lines: [
        { sku: 'lamp', qty: 1.5 },
        { sku: 7 as never, qty: 1 },
      ],
      at: 'no',
    })

  expect(faults).toThrow(ValidationFailed)
  try {
    faults()
  } catch (error) {
    const paths = (error as ValidationFailed).issues.map(({ path }) => path)
    expect(paths.sort()).toEqual(['at', 'lines[0].qty', 'lines[1].sku'])
  }
})

const stored = {
  id: uuidV7(),
  type: 'shop.Renamed',
  time: '2026-01-02T03:04:05.006Z',
  correlationId: 'c',
  causationId: null,
  traceparent: null,
}

test('an older version is brought up to date on receipt, step by step', () => {
  const received = shop.events.Renamed.receive({
    ...stored,
    version: 1,
    payload: { first: 'Ada', last: 'Byron' },
  })

  expect(received).toMatchObject({
    id: stored.id,
    version: 3,
    payload: { full: 'Ada Byron' },
    correlationId: 'c',
  })
})

test('a version newer than known is refused by a code of its own', () => {
  expect(() => shop.events.Renamed.receive({ ...stored, version: 4, payload: {} })).toThrow(
    expect.objectContaining({ code: 'UnknownVersion', outcome: 'refused' }),
  )
})

test('what comes in is validated again', () => {
  expect(() => shop.events.Renamed.receive({ ...stored, version: 3, payload: { full: 7 } })).toThrow(
    ValidationFailed,
  )
})

test('ids made in one process sort in the order made, even when the clock stands still or steps back', () => {
  const ids = Array.from({ length: 20_000 }, uuidV7)

  expect(new Set(ids).size).toBe(ids.length)
  expect([...ids].sort()).toEqual(ids)
})
