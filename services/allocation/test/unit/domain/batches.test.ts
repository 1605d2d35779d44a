import { allocation } from '@posthorn/contracts'
import { describe, expect, test } from 'vitest'
import { batchOf, clocks, names, productWith, SKU, told } from './products.ts'

describe('creating a batch', () => {
  test('tells BatchCreated', () => {
    const product = productWith()
    expect(product.createBatch(batchOf('batch-1', 10, '2030-01-01')).created).toBe(true)
    expect(told(product)).toEqual([
      ['BatchCreated', { ref: 'batch-1', sku: SKU, qty: 10, eta: '2030-01-01' }],
    ])
  })

  test('the same content again is silent', () => {
    const product = productWith(batchOf('batch-1', 10))
    expect(product.createBatch(batchOf('batch-1', 10)).created).toBe(false)
    expect(told(product)).toEqual([])
    expect(product.batches).toHaveLength(1)
  })

  test('the content at creation again is silent, also when the quantity has changed since', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.changeBatchQuantity('batch-1', 7)
    told(product)
    const { batch, created } = product.createBatch(batchOf('batch-1', 10))
    expect([created, batch.purchasedQty]).toEqual([false, 7])
    expect(() => product.createBatch(batchOf('batch-1', 7))).toThrow(allocation.errors.BatchConflict)
  })

  test.each([
    ['quantity', batchOf('batch-1', 11)],
    ['arrival', batchOf('batch-1', 10, '2030-01-01')],
  ])('another %s for a known reference is a conflict that changes nothing', (_what, other) => {
    const product = productWith(batchOf('batch-1', 10))
    expect(() => product.createBatch(other)).toThrow(allocation.errors.BatchConflict)
    expect(told(product)).toEqual([])
  })

  test('serves waiting lines in the order in which they began to wait', () => {
    const product = productWith()
    for (const order of ['order-1', 'order-2', 'order-3']) product.allocate(clocks(order, 5))
    told(product)
    product.createBatch(batchOf('batch-1', 10))
    expect(told(product).slice(1)).toMatchObject([
      ['Allocated', { orderId: 'order-1', batchRef: 'batch-1', version: 8 }],
      ['Allocated', { orderId: 'order-2', batchRef: 'batch-1', version: 8 }],
    ])
    expect(product.waiting.map(({ line }) => line.orderId)).toEqual(['order-3'])
  })

  test('a waiting line that does not fit does not hold up the next, nor is it told again', () => {
    const product = productWith()
    product.allocate(clocks('large', 50))
    product.allocate(clocks('small', 5))
    told(product)
    product.createBatch(batchOf('batch-1', 10))
    expect(names(product)).toEqual(['BatchCreated', 'Allocated'])
    expect(product.waiting.map(({ line }) => line.orderId)).toEqual(['large'])
  })
})

describe('changing the quantity of a batch', () => {
  test('COS-22 changes what is available', () => {
    const product = productWith(batchOf('batch-1', 100))
    expect(product.changeBatchQuantity('batch-1', 50)).toMatchObject({ released: 0 })
    expect(product.batches[0]?.availableQty).toBe(50)
    expect(told(product)).toEqual([
      ['BatchQuantityChanged', { ref: 'batch-1', sku: SKU, qty: 50, previousQty: 100 }],
    ])
  })

  test('the same quantity again is silent', () => {
    const product = productWith(batchOf('batch-1', 100))
    product.changeBatchQuantity('batch-1', 100)
    expect(told(product)).toEqual([])
  })

  test.each([
    ['all of it', [{ purchasedQty: 10, availableQty: 6 }]],
    [
      'one of several',
      [
        { purchasedQty: 9, availableQty: 6 },
        { purchasedQty: 10, availableQty: 6 },
      ],
    ],
    ['anything', undefined],
  ])('is done when the batch holds %s of what is expected', (_what, expected) => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 4))
    expect(product.changeBatchQuantity('batch-1', 5, expected).batch.availableQty).toBe(1)
  })

  test.each([
    ['another quantity', [{ purchasedQty: 9, availableQty: 6 }]],
    ['more available', [{ purchasedQty: 10, availableQty: 10 }]],
    ['nothing that it could hold', []],
  ])('that is expected to hold %s is an error that changes nothing', (_what, expected) => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 4))
    told(product)
    const held = { ref: 'batch-1', purchasedQty: 10, availableQty: 6 }
    for (const qty of [5, 10]) {
      expect(() => product.changeBatchQuantity('batch-1', qty, expected)).toThrow(
        new allocation.errors.BatchChanged(held),
      )
    }
    expect(told(product)).toEqual([])
    expect(product.batches[0]?.purchasedQty).toBe(10)
  })

  test('of an unknown batch is an error', () => {
    expect(() => productWith().changeBatchQuantity('nowhere', 1)).toThrow(allocation.errors.BatchNotFound)
  })

  test('raising it serves waiting lines in the order in which they began to wait', () => {
    const product = productWith(batchOf('batch-1', 10))
    for (const [order, qty] of [
      ['order-1', 15],
      ['order-2', 30],
      ['order-3', 12],
      ['order-4', 12],
    ] as const) {
      product.allocate(clocks(order, qty))
    }
    told(product)
    product.changeBatchQuantity('batch-1', 30)
    expect(told(product).slice(1)).toMatchObject([
      ['Allocated', { orderId: 'order-1' }],
      ['Allocated', { orderId: 'order-3' }],
    ])
    expect(product.waiting.map(({ line }) => line.orderId)).toEqual(['order-2', 'order-4'])
    expect(product.batches[0]?.availableQty).toBe(3)
  })

  test('shrinking below what is allocated releases the last allocated lines, and no more than needed', () => {
    const product = productWith(batchOf('batch-1', 60), batchOf('batch-2', 50, '2030-01-01'))
    for (const order of ['order-1', 'order-2', 'order-3']) product.allocate(clocks(order, 20))
    told(product)
    const { batch, released } = product.changeBatchQuantity('batch-1', 25)
    expect([batch.availableQty, released]).toEqual([5, 2])
    expect(told(product).slice(1)).toEqual(
      ['order-3', 'order-2'].flatMap((orderId) => [
        ['Deallocated', { orderId, sku: SKU, qty: 20, batchRef: 'batch-1', reason: 'released', version: 8 }],
        ['AllocationRequired', { orderId, sku: SKU, qty: 20 }],
      ]),
    )
    product.allocateWaiting()
    expect(told(product)).toMatchObject([
      ['Allocated', { orderId: 'order-3', batchRef: 'batch-2' }],
      ['Allocated', { orderId: 'order-2', batchRef: 'batch-2' }],
    ])
  })

  test('COS-24 shrinking asks for one of two lines to be tried again, and leaves that to whoever hears of it', () => {
    const product = productWith(batchOf('batch-1', 50), batchOf('batch-2', 50, '2030-01-01'))
    for (const order of ['order-1', 'order-2']) product.allocate(clocks(order, 20))
    told(product)
    product.changeBatchQuantity('batch-1', 25)
    expect(told(product).filter(([name]) => name === 'AllocationRequired')).toEqual([
      ['AllocationRequired', { orderId: 'order-2', sku: SKU, qty: 20 }],
    ])
    expect(product.batches.map(({ availableQty }) => availableQty)).toEqual([5, 50])
    expect(product.waiting.map(({ line }) => line.orderId)).toEqual(['order-2'])
  })

  test('to 0 releases every line', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 4))
    product.allocate(clocks('order-2', 6))
    expect(product.changeBatchQuantity('batch-1', 0).released).toBe(2)
    expect(product.batches[0]?.availableQty).toBe(0)
  })

  test('a released line is told out of stock by its first failed try, once', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 10))
    product.changeBatchQuantity('batch-1', 9)
    expect(names(product)).toEqual(['Allocated', 'BatchQuantityChanged', 'Deallocated', 'AllocationRequired'])
    product.allocateWaiting()
    expect(names(product)).toEqual(['OutOfStock'])
    product.allocateWaiting()
    expect(names(product)).toEqual([])
  })

  test('a line that waits again is told out of stock again', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 10))
    for (const qty of [9, 10, 9]) {
      product.changeBatchQuantity('batch-1', qty)
      product.allocateWaiting()
    }
    expect(names(product).filter((name) => name === 'OutOfStock')).toHaveLength(2)
  })
})
