import { allocation, notifications } from '@posthorn/contracts'
import { given } from '@posthorn/core/testing'
import { expect, test } from 'vitest'
import { inMemoryStorage } from '../../../src/adapters/in-memory-storage.ts'
import { commandHandlers, eventHandlers } from '../../../src/service-layer/handlers.ts'
import type { Unit } from '../../../src/service-layer/unit.ts'
import { batchOf, clocks, productWith, SKU } from '../domain/products.ts'

const { Allocate, CreateBatch } = allocation.commands
const { Allocated, AllocationRequired } = allocation.events
const line = { orderId: 'order-1', sku: SKU, qty: 4 }
const stocked = ({ products }: Unit) => products.add(productWith(batchOf('batch-1', 10)))

test('whoever is to be told of an order is sent with it to those who tell him', async () => {
  const command = Allocate({ ...line, notify: 'ann@example.com' })
  const then = await given(inMemoryStorage().units, stocked).when(commandHandlers.Allocate, command)
  then
    .gives({ status: 'allocated', batchRef: 'batch-1', repeated: false })
    .sends(notifications.commands.Watch({ orderId: 'order-1', email: 'ann@example.com' }))
  expect(then.raised(Allocated)).toMatchObject([{ ...line, batchRef: 'batch-1' }])
})

test('a SKU that nobody ever had is an error of the contract, and nobody is sent', async () => {
  const command = Allocate({ ...line, notify: 'ann@example.com' })
  const then = await given(inMemoryStorage().units).when(commandHandlers.Allocate, command)
  then.fails(allocation.errors.InvalidSku, { sku: SKU })
  expect(then.messages).toEqual([])
})

test('the reference of a batch belongs to one product', async () => {
  const command = CreateBatch({ ref: 'batch-1', sku: 'SOFA', qty: 1 })
  const then = await given(inMemoryStorage().units, stocked).when(commandHandlers.CreateBatch, command)
  then.fails(allocation.errors.BatchConflict, { ref: 'batch-1' })
})

test('a line that lost its batch finds another one', async () => {
  const lost = ({ products }: Unit) => {
    const product = productWith(batchOf('batch-1', 10), batchOf('batch-2', 10, '2030-01-01'))
    product.allocate(clocks('order-1', 4))
    product.changeBatchQuantity('batch-1', 3)
    products.add(product)
  }
  const { reallocate } = eventHandlers.AllocationRequired
  const then = await given(inMemoryStorage().units, lost).when(reallocate, AllocationRequired(line))
  expect(then.raised(Allocated)).toMatchObject([{ ...line, batchRef: 'batch-2' }])
})
