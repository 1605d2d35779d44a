import { allocation } from '@posthorn/contracts'
import { given } from '@posthorn/core/testing'
import { describe, expect, test } from 'vitest'
import { batchOf, clocks, productWith, SKU } from './products.ts'

const { Allocated, BackorderCancelled, BatchCreated, Deallocated } = allocation.events
const line = { orderId: 'order-1', sku: SKU, qty: 4 }

describe('cancelling a line', () => {
  test('that is allocated frees its stock', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 4))
    given(product)
      .when((one) => one.cancel('order-1'))
      .gives({ batchRef: 'batch-1' })
      .raises(Deallocated({ ...line, batchRef: 'batch-1', reason: 'cancelled', version: 8 }))
    expect(product.batches[0]?.availableQty).toBe(10)
  })

  test('serves those that wait with what it held, in the order in which they began', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 10))
    for (const order of ['order-2', 'order-3', 'order-4']) product.allocate(clocks(order, 5))
    const served = { sku: SKU, qty: 5, batchRef: 'batch-1', version: 8 }
    given(product)
      .when((one) => one.cancel('order-1'))
      .raises(
        Deallocated({ ...line, qty: 10, batchRef: 'batch-1', reason: 'cancelled', version: 8 }),
        Allocated({ ...served, orderId: 'order-2' }),
        Allocated({ ...served, orderId: 'order-3' }),
      )
    expect(product.waiting.map((one) => one.line.orderId)).toEqual(['order-4'])
  })

  test('that waits ends its waiting, and frees nothing', () => {
    const product = productWith()
    product.allocate(clocks('order-1', 4))
    given(product)
      .when((one) => one.cancel('order-1'))
      .gives({ batchRef: null })
      .raises(BackorderCancelled({ ...line, version: 8 }))
    const then = given(product).when((one) => one.createBatch(batchOf('batch-1', 10)))
    expect(then.messages.map(({ type }) => type)).toEqual([BatchCreated.type])
  })

  test('of an order that has none is an error that changes nothing, also the second time', () => {
    const product = productWith(batchOf('batch-1', 10))
    product.allocate(clocks('order-1', 4))
    product.allocate(clocks('order-2', 4))
    product.cancel('order-2')
    for (const orderId of ['another', 'order-2']) {
      given(product)
        .when((one) => one.cancel(orderId))
        .fails(allocation.errors.LineNotFound, { orderId, sku: SKU })
      expect(product.events).toEqual([])
    }
    expect(product.batches[0]?.availableQty).toBe(6)
  })

  test('forgets it: the order may ask again, for another quantity, and stands last in the queue', () => {
    const product = productWith(batchOf('batch-1', 5))
    for (const order of ['order-1', 'order-2', 'order-3']) product.allocate(clocks(order, 5))
    product.cancel('order-2')
    const outOfStock = allocation.events.OutOfStock({ ...line, orderId: 'order-2', version: 8 })
    given(product)
      .when((one) => one.allocate(clocks('order-2', 4)))
      .gives({ batchRef: null, repeated: false })
      .raises(outOfStock)
    expect(product.waiting.map((one) => one.line.orderId)).toEqual(['order-3', 'order-2'])
  })
})
