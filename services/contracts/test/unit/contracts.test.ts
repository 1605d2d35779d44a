import type { ValidationFailed } from '@posthorn/core'
import { describe, expect, test } from 'vitest'
import { allocation } from '../../src/allocation.ts'
import { notifications } from '../../src/notifications.ts'
import { system } from '../../src/system.ts'

const { Allocate, ChangeBatchQuantity, CreateBatch } = allocation.commands
const line = { orderId: 'order-1', sku: 'LAMP', qty: 1 }

const faults = (make: () => unknown) => {
  try {
    make()
    return []
  } catch (error) {
    return (error as ValidationFailed).issues.map(({ path }) => path)
  }
}

describe('names of orders, batches and SKUs', () => {
  test('lose the blanks around them', () => {
    expect(Allocate({ ...line, sku: '  LAMP ' }).payload.sku).toBe('LAMP')
  })

  test.each(['КРЕСЛО', '椅子', 'a/b?c#d', "Robert'); drop table", 'x'.repeat(64)])('may be %s', (sku) => {
    expect(faults(() => Allocate({ ...line, sku }))).toEqual([])
  })

  test.each(['', ' ', 'a\r\nb', 'a\u0000', 'a\u007F', '\uD800', 'a\u2028b', '\u200B', 'x'.repeat(65)])(
    'may not be %j',
    (sku) => {
      expect(faults(() => Allocate({ ...line, sku }))).toEqual(expect.arrayContaining(['sku']))
    },
  )
})

test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1_000_000_001, '1'])(
  'a quantity may not be %s',
  (qty) => {
    expect(faults(() => Allocate({ ...line, qty: qty as number }))).toEqual(expect.arrayContaining(['qty']))
  },
)

test('a batch may be set to 0 but not created with it', () => {
  expect(faults(() => ChangeBatchQuantity({ ref: 'b', qty: 0 }))).toEqual([])
  expect(faults(() => CreateBatch({ ref: 'b', sku: 'LAMP', qty: 0 }))).toEqual(['qty'])
})

test.each([
  ['2028-02-29', true],
  ['2030-02-29', false],
  ['2030-13-01', false],
  ['2030-1-1', false],
  ['0000-01-01', false],
  ['2030-01-01T00:00:00Z', false],
])('an arrival on %s is a date: %s', (eta, valid) => {
  expect(faults(() => CreateBatch({ ref: 'b', sku: 'LAMP', qty: 1, eta }))).toEqual(valid ? [] : ['eta'])
})

test('no line break reaches the head of a mail', () => {
  const mail = { recipient: 'a@example.com', subject: 'Hello', text: 'Line 1\nLine 2\tend' }
  const { Notify } = notifications.commands
  expect(faults(() => Notify(mail))).toEqual([])
  expect(faults(() => Notify({ ...mail, subject: 'Hello\r\nBcc: eve@example.com' }))).toEqual(['subject'])
  expect(faults(() => Notify({ ...mail, recipient: 'a@example.com\r\nBcc: eve@example.com' }))).toEqual([
    'recipient',
  ])
  expect(faults(() => Notify({ ...mail, text: 'a\u0000b' }))).toEqual(['text'])
})

test('MSG-48 unknown keys are ignored', () => {
  const more = { ...line, colour: 'red' }
  expect(Allocate(more).payload).toEqual(line)
})

test('errors say what is wrong', () => {
  expect(new allocation.errors.InvalidSku({ sku: 'X' }).message).toBe('Invalid sku X')
})

test('who may ask for what', () => {
  const allowed = [...system.domains.values()].flatMap(({ commands }) =>
    Object.values(commands).map(({ type, allow }) => [type, ...allow]),
  )
  expect(allowed).toEqual([
    ['allocation.CreateBatch', 'warehouse'],
    ['allocation.ChangeBatchQuantity', 'warehouse'],
    ['allocation.Allocate', 'storefront'],
    ['allocation.CancelLine', 'storefront'],
    ['allocation.GetProduct', 'notifications'],
    ['allocation.RebuildAllocations'],
    ['notifications.Watch', 'allocation'],
    ['notifications.Notify', 'allocation'],
  ])
})

test('who is told what', () => {
  const told = [...system.subscriptions].map(([who, events]) => [who, events.map(({ type }) => type)])
  expect(Object.fromEntries(told)).toEqual({
    warehouse: ['allocation.Deallocated'],
    storefront: [],
    notifications: [
      'allocation.OutOfStock',
      'allocation.Allocated',
      'allocation.Deallocated',
      'allocation.BackorderCancelled',
    ],
  })
})
