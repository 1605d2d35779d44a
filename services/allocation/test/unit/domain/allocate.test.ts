import { allocation } from '@posthorn/contracts'
import { describe, expect, test } from 'vitest'
import { Product } from '../../../src/domain/product.ts'
import { batchOf, clocks, productWith, SKU, told } from './products.ts'

describe('allocating a line', () => {
  test('COS-09 prefers warehouse stock to shipments', () => {
    const product = productWith(batchOf('shipment', 100, '2030-01-01'), batchOf('warehouse', 100))
    product.allocate(clocks('order-1', 10))
    expect(product.batches.map(({ ref, availableQty }) => [ref, availableQty])).toEqual([
      ['warehouse', 90],
      ['shipment', 100],
    ])
  })

  test('COS-10 prefers the earliest arrival, whatever the order of creation', () => {
    const product = productWith(
      batchOf('medium', 100, '2030-01-02'),
      batchOf('latest', 100, '2030-01-03'),
      batchOf('earliest', 100, '2030-01-01'),
    )
    expect(product.allocate(clocks('order-1', 10)).batchRef).toBe('earliest')
  })

  test('COS-11 gives the reference of the batch', () => {
    const product = productWith(batchOf('batch-1', 100))
    expect(product.allocate(clocks('order-1', 10))).toEqual({ batchRef: 'batch-1', repeated: false })
  })

  test('COS-12 tells Allocated with the order, SKU, quantity and batch', () => {
    const product = productWith(batchOf('batch-1', 100))
    product.allocate(clocks('order-1', 10))
    expect(told(product)).toEqual([
      ['Allocated', { orderId: 'order-1', sku: SKU, qty: 10, batchRef: 'batch-1', version: 8 }],
    ])
  })

  test('COS-13 a line that fits nowhere waits, and OutOfStock is told', () => {
    const product = productWith(batchOf('batch-1', 10))
    expect(product.allocate(clocks('order-1', 10)).batchRef).toBe('batch-1')
    expect(product.allocate(clocks('order-2', 1)).batchRef).toBeNull()
    expect(told(product).at(-1)).toEqual(['OutOfStock', { orderId: 'order-2', sku: SKU, qty: 1, version: 8 }])
    expect(product.waiting.map(({ line }) => line)).toEqual([clocks('order-2', 1)])
  })

  test('COS-14 announces the version that the commit will give: 7 becomes 8', () => {
    const product = productWith(batchOf('batch-1', 100))
    product.allocate(clocks('order-1', 10))
    expect(product.version).toBe(7)
    expect(product.events.map(({ payload }) => payload)).toMatchObject([{ version: 8 }])
  })

  test('takes a later batch when the preferred one has too little', () => {
    const product = productWith(batchOf('warehouse', 5), batchOf('shipment', 100, '2030-01-01'))
    expect(product.allocate(clocks('order-1', 6)).batchRef).toBe('shipment')
  })

  test('the same line again is silent and finds its batch, also when that has no room left', () => {
    const product = productWith(batchOf('batch-1', 10), batchOf('batch-2', 10, '2030-01-01'))
    product.allocate(clocks('order-1', 10))
    told(product)
    expect(product.allocate(clocks('order-1', 10))).toEqual({ batchRef: 'batch-1', repeated: true })
    expect(told(product)).toEqual([])
    expect(product.batches.map(({ availableQty }) => availableQty)).toEqual([0, 10])
    expect(product.moves).toBe(2)
  })

  test('a waiting line again is silent and still waits', () => {
    const product = productWith()
    product.allocate(clocks('order-1', 10))
    told(product)
    expect(product.allocate(clocks('order-1', 10))).toEqual({ batchRef: null, repeated: true })
    expect(told(product)).toEqual([])
  })

  test.each([
    ['allocated', 100],
    ['waiting', 1],
  ])('another quantity for a line that is %s is an error that changes nothing', (_status, stock) => {
    const product = productWith(batchOf('batch-1', stock))
    product.allocate(clocks('order-1', 10))
    told(product)
    expect(() => product.allocate(clocks('order-1', 11))).toThrow(
      new allocation.errors.LineQuantityConflict({ orderId: 'order-1', sku: SKU, qty: 10, requestedQty: 11 }),
    )
    expect(told(product)).toEqual([])
    expect(product.batches[0]?.availableQty).toBe(stock === 100 ? 90 : 1)
  })

  test('a new product announces version 1', () => {
    const product = new Product({ sku: SKU })
    product.createBatch(batchOf('batch-1', 5))
    product.allocate(clocks('order-1', 5))
    expect(product.events.at(-1)?.payload).toMatchObject({ version: 1 })
  })
})
