import { allocation } from '@posthorn/contracts'
import { describe, expect, test } from 'vitest'
import { batchOf, clocks, names, productWith, SKU, told } from './products.ts'

describe('cancelling a line', () => {
  test('that is allocated frees its stock', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 4))
    told(product)
    expect(product.cancel('order-1')).toEqual({ batchRef: 'batch-1' })
    const line = { orderId: 'order-1', sku: SKU, qty: 4 }
    expect(told(product)).toEqual([
      ['Deallocated', { ...line, batchRef: 'batch-1', reason: 'cancelled', version: 8 }],
    ])
    expect(product.batches[0]?.availableQty).toBe(10)
  })

  test('serves those that wait with what it held, in the order in which they began', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 10))
    for (const order of ['order-2', 'order-3', 'order-4']) product.allocate(clocks(order, 5))
    told(product)
    product.cancel('order-1')
    expect(told(product).slice(1)).toEqual(
      ['order-2', 'order-3'].map((orderId) => [
        'Allocated',
        { orderId, sku: SKU, qty: 5, batchRef: 'batch-1', version: 8 },
      ]),
    )
    expect(product.waiting.map(({ line }) => line.orderId)).toEqual(['order-4'])
  })

  test('that waits ends its waiting, and frees nothing', () => {
    const product = productWith()
    product.allocate(clocks('order-1', 4))
    told(product)
    expect(product.cancel('order-1')).toEqual({ batchRef: null })
    expect(told(product)).toEqual([
      ['BackorderCancelled', { orderId: 'order-1', sku: SKU, qty: 4, version: 8 }],
    ])
    product.createBatch(batchOf('batch-1', 10))
    expect(names(product)).toEqual(['BatchCreated'])
  })

  test('of an order that has none is an error that changes nothing, also the second time', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 4))
    product.allocate(clocks('order-2', 4))
    product.cancel('order-2')
    told(product)
    for (const orderId of ['another', 'order-2']) {
      expect(() => product.cancel(orderId)).toThrow(new allocation.errors.LineNotFound({ orderId, sku: SKU }))
    }
    expect(names(product)).toEqual([])
    expect(product.batches[0]?.availableQty).toBe(6)
  })

  test('forgets it: the order may ask again, for another quantity, and stands last in the queue', () => {
    const product = productWith(batchOf('batch-1', 5))
    for (const order of ['order-1', 'order-2', 'order-3']) product.allocate(clocks(order, 5))
    product.cancel('order-2')
    expect(product.allocate(clocks('order-2', 4))).toEqual({ batchRef: null, repeated: false })
    expect(product.waiting.map(({ line }) => line.orderId)).toEqual(['order-3', 'order-2'])
    expect(names(product).at(-1)).toBe('OutOfStock')
  })
})
