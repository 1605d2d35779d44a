import { command, defineDomain, event, failure } from '@posthorn/core'
import { z } from 'zod'
import { calendarDate, emailAddress, quantity, quantityOrNone, reference, version } from './values.ts'

const invalidSku = failure(z.object({ sku: z.string() }), ({ sku }) => `Invalid sku ${sku}`)
const line = { orderId: reference, sku: reference, qty: quantity }

export const createBatchInput = z.object({
  ref: reference,
  sku: reference,
  qty: quantity,
  eta: calendarDate.nullish(),
})
export const changeBatchQuantityInput = z.object({ ref: reference, qty: quantityOrNone })
export const allocateInput = z.object({ ...line, notify: emailAddress.nullish() })

export const batchQuantity = z.object({
  ref: reference,
  qty: quantityOrNone,
  availableQty: quantityOrNone,
  released: z.int().min(0).describe('how many order lines lost their stock and wait again'),
})

export const allocationStatus = z.enum(['allocated', 'backordered'])

/** A product as `GetProduct` and `GET /products/:sku` show it. Batches in the order in which they are drawn upon. */
export const productDetails = z.object({
  sku: reference,
  version,
  batches: z.array(
    z.object({
      ref: reference,
      eta: calendarDate.nullable(),
      purchasedQty: quantityOrNone,
      availableQty: quantityOrNone,
    }),
  ),
  waiting: z.array(z.object({ orderId: reference, qty: quantity })),
})

/** What the allocation service understands and tells. It gives stock, batch by batch, to the lines of orders. */
export const allocation = defineDomain('allocation', {
  commands: {
    CreateBatch: command({
      input: createBatchInput,
      output: z.object({ ref: reference, created: z.boolean() }),
      errors: {
        BatchConflict: failure(
          z.object({ ref: z.string() }),
          ({ ref }) => `Batch ${ref} exists already with other content`,
        ),
      },
      allow: ['warehouse'],
      key: ({ sku }) => sku,
    }),
    ChangeBatchQuantity: command({
      input: changeBatchQuantityInput,
      output: batchQuantity,
      errors: {
        BatchNotFound: failure(z.object({ ref: z.string() }), ({ ref }) => `There is no batch ${ref}`),
      },
      allow: ['warehouse'],
      key: ({ ref }) => ref,
    }),
    Allocate: command({
      input: allocateInput,
      output: z.object({
        status: allocationStatus,
        batchRef: reference.nullable(),
        repeated: z.boolean(),
      }),
      errors: {
        InvalidSku: invalidSku,
        LineQuantityConflict: failure(
          z.object({ orderId: z.string(), sku: z.string(), qty: z.int(), requestedQty: z.int() }),
          ({ orderId, sku, qty, requestedQty }) =>
            `Order ${orderId} has asked for ${qty} of ${sku} already, not for ${requestedQty}`,
        ),
      },
      allow: ['storefront'],
      key: ({ sku }) => sku,
    }),
    GetProduct: command({
      input: z.object({ sku: reference }),
      output: productDetails,
      errors: { InvalidSku: invalidSku },
      allow: ['notifications'],
    }),
    /** Makes the view of allocations anew from the products. Nobody outside may ask for it. */
    RebuildAllocations: command({ input: z.object({}), output: z.object({ lines: z.int().min(0) }) }),
  },
  events: {
    BatchCreated: event(
      z.object({ ref: reference, sku: reference, qty: quantity, eta: calendarDate.nullable() }),
      { key: ({ sku }) => sku },
    ),
    BatchQuantityChanged: event(
      z.object({ ref: reference, sku: reference, qty: quantityOrNone, previousQty: quantityOrNone }),
      { key: ({ sku }) => sku },
    ),
    Allocated: event(z.object({ ...line, batchRef: reference, version }), { key: ({ sku }) => sku }),
    Deallocated: event(z.object({ ...line, batchRef: reference, reason: z.enum(['released']), version }), {
      key: ({ sku }) => sku,
    }),
    OutOfStock: event(z.object({ ...line, version }), { key: ({ sku }) => sku }),
    AllocationRequired: event(z.object(line), { private: true, key: ({ sku }) => sku }),
  },
})
