import { describe, expect, test } from 'vitest'
import { Batch, byPreference } from '../../../src/domain/batch.ts'
import { orderLine } from '../../../src/domain/order-line.ts'

const table = (qty: number) => new Batch({ ref: 'batch-1', sku: 'SMALL-TABLE', qty, eta: null })
const tables = (qty: number, orderId = 'order-1') => orderLine(orderId, 'SMALL-TABLE', qty)

describe('a batch', () => {
  test('COS-01 allocating reduces the available quantity by the quantity of the line', () => {
    const batch = table(20)
    batch.allocate(tables(2), 1)
    expect(batch.availableQty).toBe(18)
  })

  test.each([
    ['COS-02 serves a line smaller than what is available', 20, 2, true],
    ['COS-03 does not serve a line larger than what is available', 2, 20, false],
    ['COS-04 serves a line equal to what is available', 2, 2, true],
  ])('%s', (_title, available, wanted, fits) => {
    const batch = table(available)
    expect(batch.canAllocate(tables(wanted))).toBe(fits)
    batch.allocate(tables(wanted), 1)
    expect(batch.availableQty).toBe(fits ? available - wanted : available)
  })

  test('COS-05 does not serve a line of another SKU', () => {
    const line = orderLine('order-1', 'EXPENSIVE-TOASTER', 10)
    expect(table(100).canAllocate(line)).toBe(false)
  })

  test('COS-06 allocating the same line twice reduces the quantity once', () => {
    const batch = table(20)
    batch.allocate(tables(2), 1)
    batch.allocate(tables(2), 2)
    expect(batch.availableQty).toBe(18)
  })

  test('COS-07 deallocating an allocated line restores the quantity', () => {
    const batch = table(20)
    batch.allocate(tables(2), 1)
    batch.deallocate(tables(2))
    expect(batch.availableQty).toBe(20)
    expect(batch.allocations).toEqual([])
  })

  test('COS-08 deallocating a line that was not allocated changes nothing', () => {
    const batch = table(20)
    batch.allocate(tables(2), 1)
    batch.deallocate(tables(2, 'another-order'))
    expect(batch.availableQty).toBe(18)
  })

  test('lists its lines in the order in which they were allocated, however they were stored', () => {
    const stock = { purchasedQty: 20, availableQty: 18 }
    const stored = [
      { line: tables(1, 'second'), position: 9 },
      { line: tables(1, 'first'), position: 4 },
    ]
    const batch = new Batch({ ref: 'batch-1', sku: 'SMALL-TABLE', qty: 20, eta: null }, stock, stored)
    expect(batch.allocations.map(({ line }) => line.orderId)).toEqual(['first', 'second'])
  })

  test.each([-1, 1.5, Number.NaN, 2 ** 53])('refuses a quantity of %s', (qty) => {
    expect(() => table(qty)).toThrow(RangeError)
    expect(() => table(1).changePurchasedQty(qty)).toThrow(RangeError)
  })
})

test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('an order line refuses a quantity of %s', (qty) => {
  expect(() => tables(qty)).toThrow(RangeError)
})

describe('preference', () => {
  const batch = (ref: string, eta: string | null) => new Batch({ ref, sku: 'CLOCK', qty: 1, eta })

  test('warehouse stock comes before shipments, whatever their dates', () => {
    expect(byPreference(batch('z', null), batch('a', '1999-01-01'))).toBeLessThan(0)
  })

  test('an earlier arrival comes before a later one', () => {
    expect(byPreference(batch('a', '2030-01-02'), batch('z', '2030-01-01'))).toBeGreaterThan(0)
  })

  test('batches that arrive together come by reference', () => {
    expect(byPreference(batch('b', '2030-01-01'), batch('a', '2030-01-01'))).toBeGreaterThan(0)
    expect(byPreference(batch('a', null), batch('a', null))).toBe(0)
  })
})
