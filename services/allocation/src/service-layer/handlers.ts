import { allocation, notifications } from '@posthorn/contracts'
import { type MessageOf, shared } from '@posthorn/core'
import { Batch } from '../domain/batch.ts'
import { orderLine } from '../domain/order-line.ts'
import { Product } from '../domain/product.ts'
import { statusOf } from '../views/allocations.ts'
import { productDetails } from '../views/products.ts'
import type { Unit } from './unit.ts'

const { commands, errors, events } = allocation
const FOR_UPDATE = { lock: 'update' } as const

async function createBatch({ payload }: MessageOf<typeof commands.CreateBatch>, unit: Unit) {
  const { ref, sku, qty, eta } = payload
  const owner = await unit.products.getByBatch(ref)
  if (owner !== undefined && owner.sku !== sku) throw new errors.BatchConflict({ ref })
  const product = owner ?? (await unit.products.get(sku, FOR_UPDATE)) ?? newProduct(sku, unit)
  const { batch, created } = product.createBatch(new Batch({ ref, sku, qty, eta: eta ?? null }))
  const { purchasedQty, availableQty } = batch
  return { ref, created, purchasedQty, availableQty }
}

async function changeBatchQuantity({ payload }: MessageOf<typeof commands.ChangeBatchQuantity>, unit: Unit) {
  const { ref, qty, expected } = payload
  const product = await unit.products.getByBatch(ref)
  if (product === undefined) throw new errors.BatchNotFound({ ref })
  const { batch, released } = product.changeBatchQuantity(ref, qty, expected)
  return { ref, qty, availableQty: batch.availableQty, released }
}

async function allocate({ payload }: MessageOf<typeof commands.Allocate>, unit: Unit) {
  const { orderId, sku, qty, notify } = payload
  const product = await unit.products.getForLine(orderLine(orderId, sku, qty))
  if (product === undefined) throw new errors.InvalidSku({ sku })
  const placement = product.allocate()
  if (notify != null) unit.send(notifications.commands.Watch({ orderId, email: notify }))
  return { status: statusOf(placement), ...placement }
}

async function cancelLine({ payload }: MessageOf<typeof commands.CancelLine>, unit: Unit) {
  const product = await unit.products.get(payload.sku, FOR_UPDATE)
  if (product === undefined) throw new errors.LineNotFound(payload)
  const { batchRef } = product.cancel(payload.orderId)
  return { status: statusOf({ batchRef }), batchRef }
}

async function getProduct({ payload: { sku } }: MessageOf<typeof commands.GetProduct>, unit: Unit) {
  const product = await unit.products.getToShow(sku)
  if (product === undefined) throw new errors.InvalidSku({ sku })
  return productDetails(product)
}

async function rebuildAllocations(_command: MessageOf<typeof commands.RebuildAllocations>, unit: Unit) {
  return { lines: await unit.allocations.rebuild() }
}

async function reallocate({ payload }: MessageOf<typeof events.AllocationRequired>, unit: Unit) {
  const product = await unit.products.get(payload.sku, FOR_UPDATE)
  product?.allocateWaiting()
}

async function recordAllocated({ payload }: MessageOf<typeof events.Allocated>, unit: Unit) {
  await unit.allocations.record(payload)
}

async function recordDeallocated({ payload }: MessageOf<typeof events.Deallocated>, unit: Unit) {
  if (payload.reason === 'cancelled') await unit.allocations.remove(payload)
  else await unit.allocations.record({ ...payload, batchRef: null })
}

async function recordOutOfStock({ payload }: MessageOf<typeof events.OutOfStock>, unit: Unit) {
  await unit.allocations.record({ ...payload, batchRef: null })
}

async function recordCancelled({ payload }: MessageOf<typeof events.BackorderCancelled>, unit: Unit) {
  await unit.allocations.remove(payload)
}

function newProduct(sku: string, unit: Unit): Product {
  const product = new Product({ sku })
  unit.products.add(product)
  return product
}

export const commandHandlers = {
  CreateBatch: createBatch,
  ChangeBatchQuantity: changeBatchQuantity,
  Allocate: allocate,
  CancelLine: cancelLine,
  GetProduct: getProduct,
  RebuildAllocations: rebuildAllocations,
}

export const eventHandlers = {
  Allocated: { view: shared(recordAllocated) },
  Deallocated: { view: shared(recordDeallocated) },
  OutOfStock: { view: shared(recordOutOfStock) },
  BackorderCancelled: { view: shared(recordCancelled) },
  AllocationRequired: { reallocate },
}
