import { expect, test } from 'vitest'
import { z } from 'zod'
import { envelopeOf } from '../../../src/external-bus/envelope.ts'
import { eventFrame } from '../../../src/external-bus/wire-format.ts'
import { command, event } from '../../../src/messages/declare.ts'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { causedBy, type Message } from '../../../src/messages/message.ts'
import { uuidV7 } from '../../../src/messages/uuid-v7.ts'
import { ValidationFailed } from '../../../src/messages/validate.ts'
import { storedMessage } from '../../../src/outbox/stored-message.ts'

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

test('DOM-14 a message carries its identity, domain and name, kind, version, time and payload', () => {
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

test('COR-04 two messages with equal payloads are two messages', () => {
  const [one, other] = [shop.events.Sold({ sku: 'lamp' }), shop.events.Sold({ sku: 'lamp' })]

  expect(one.id).not.toBe(other.id)
  expect({ ...one, time: other.time }).not.toEqual(other)
})

test('MSG-32 a message is frozen, and so is all that it holds but Dates', () => {
  const sell = shop.commands.Sell({ lines: [{ sku: 'lamp', qty: 1 }], at: '2026-01-02T03:04:05Z' })

  expect(() => Object.assign(sell, { id: 'other' })).toThrow(TypeError)
  expect(() => sell.payload.lines.push({ sku: 'desk', qty: 1 })).toThrow(TypeError)
  expect(() => Object.assign(sell.payload.lines[0] ?? {}, { qty: 2 })).toThrow(TypeError)
  expect(sell.payload.at).toEqual(new Date('2026-01-02T03:04:05Z'))
})

test('DOM-21 a message is frozen also when its schema hands over what others may change', () => {
  const keeping = defineDomain('shop', { events: { Sold: event(z.custom<{ lines: { qty: number }[] }>()) } })
  const lines = [{ qty: 1 }]
  const { payload } = keeping.events.Sold(Object.freeze({ lines }))

  expect(() => Object.assign(payload.lines[0] ?? {}, { qty: 2 })).toThrow(TypeError)
  expect(() => lines.push({ qty: 2 })).toThrow(TypeError)
})

test('MSG-29 DOM-16 the fields of a payload are readable, with the types of the schema', () => {
  const { payload } = shop.commands.Sell({ lines: [{ sku: 'lamp', qty: 1 }], at: '2026-01-02T03:04:05Z' })
  const [line] = payload.lines

  expect([line?.sku, line?.qty, payload.at.getUTCFullYear()]).toEqual(['lamp', 1, 2026])
})

test('DOM-15 the id and the time of a message stay as they are', () => {
  const sold = shop.events.Sold({ sku: 'lamp' })
  const { id, time } = sold

  expect(() => Object.assign(sold, { id: 'other' })).toThrow(TypeError)
  expect(() => Object.assign(sold, { time: 'now' })).toThrow(TypeError)
  expect(sold).toMatchObject({ id, time })
  expect(causedBy(sold, shop.events.Sold({ sku: 'desk' }))).toMatchObject({ id, time })
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

/** What a broker hands over of a message that was published. */
function received(message: Message) {
  const frame = eventFrame(message, 'shop-1')
  const [, version] = String(frame.properties.type).split('.v')
  const payload: unknown = JSON.parse(Buffer.from(frame.body).toString())
  return envelopeOf(frame, { type: message.type, version: Number(version), payload })
}

test('MSG-45 DOM-19 a message is an envelope of its id, its time and its payload', () => {
  const sold = shop.events.Sold({ sku: 'lamp' })
  const { properties, body } = eventFrame(sold, 'shop-1')

  expect(properties).toMatchObject({
    messageId: sold.id,
    timestamp: Math.floor(Date.parse(sold.time) / 1000),
    headers: { 'x-posthorn-time': sold.time },
  })
  expect(JSON.parse(Buffer.from(body).toString())).toEqual({ sku: 'lamp' })
})

test('DOM-20 the JSON of a payload has no blanks', () => {
  const { body } = eventFrame(shop.events.Sold({ sku: 'a lamp' }), 'shop-1')

  expect(Buffer.from(body).toString()).toBe('{"sku":"a lamp"}')
})

test('MSG-47 the JSON text of a message is the JSON of its envelope and its payload', () => {
  const sold = shop.events.Sold({ sku: 'lamp' })
  const { body, ...envelope } = storedMessage(sold)

  expect(JSON.parse(JSON.stringify(sold))).toEqual({ ...envelope, payload: JSON.parse(body), key: 'lamp' })
})

test('MSG-42 a message that is received has id and time of its envelope and fields of its body', () => {
  const sold = shop.events.Sold({ sku: 'lamp' })
  const { id, time, payload } = shop.events.Sold.receive(received(sold))

  expect({ id, time, payload }).toEqual({ id: sold.id, time: sold.time, payload: { sku: 'lamp' } })
})

test('MSG-50 a message that has been JSON is equal to the one that was made', () => {
  const first = shop.events.Sold({ sku: 'lamp' })
  const second = shop.events.Sold({ sku: 'desk' }, first)

  expect(shop.events.Sold.receive(received(second))).toEqual(second)
})

test('MSG-43 a message is the same whether it comes as an object or as JSON text', () => {
  const lines = [{ sku: 'lamp', qty: 1 }]
  const sell = shop.commands.Sell({ lines, at: new Date('2026-01-02T03:04:05Z') })

  expect(sell.payload.at).toBeInstanceOf(Date)
  expect(shop.commands.Sell.receive(JSON.parse(JSON.stringify(sell)))).toEqual(
    shop.commands.Sell.receive(sell),
  )
})

test('COR-03 a message is equal for all who receive it, each by a contract of its own', () => {
  const sku = z.object({ sku: z.string() })
  const copy = defineDomain('shop', { events: { Sold: event(sku, { key: (sold) => sold.sku }) } })
  const envelope = received(shop.events.Sold({ sku: 'lamp' }))

  expect(copy.events.Sold).not.toBe(shop.events.Sold)
  expect(copy.events.Sold.receive(envelope)).toEqual(shop.events.Sold.receive(envelope))
})

test('COR-19 an id is given to a message that is made, and kept by one that is received', () => {
  const made = shop.events.Sold({ sku: 'lamp' })

  expect(made.id).toMatch(/^[0-9a-f-]{36}$/)
  expect(shop.events.Sold.receive({ ...received(made), id: stored.id }).id).toBe(stored.id)
})

const stored = {
  id: uuidV7(),
  type: 'shop.Renamed',
  time: '2026-01-02T03:04:05.006Z',
  correlationId: 'c',
  causationId: null,
  traceparent: null,
}

test('DOM-17 what was stored is loaded with its id, its time and its payload', () => {
  const loaded = shop.events.Sold.receive({ ...stored, version: 1, payload: { sku: 'lamp' } })

  expect(loaded).toMatchObject({ id: stored.id, time: stored.time, payload: { sku: 'lamp' } })
})

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

test.each([4, 0, -1, 1.5, Number.NaN, '1' as never])('version %s of a message at 3 is refused', (version) => {
  expect(() => shop.events.Renamed.receive({ ...stored, version, payload: {} })).toThrow(
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
