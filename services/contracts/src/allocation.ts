import { command, defineDomain, event, failure } from '@posthorn/core'
import { z } from 'zod'
import { calendarDate, emailAddress, quantity, quantityOrNone, reference, version } from './values.ts'

const invalidSku = failure(z.object({ sku: z.string() }), ({ sku }) => `Invalid sku ${sku}`)
const line = { orderId: reference, sku: reference, qty: quantity }
const keyedBySku = { key: ({ sku }: { readonly sku: string }) => sku }

export const createBatchInput = z.object({
  ref: reference,
  sku: reference,
  qty: quantity,
  eta: calendarDate.nullish(),
})
/** How much a batch holds in all, and how much of that no line has. Nothing else of a batch ever changes. */
export const batchStock = z.object({ purchasedQty: quantityOrNone, availableQty: quantityOrNone })
export const changeBatchQuantityInput = z.object({
  ref: reference,
  qty: quantityOrNone,
  expected: z.array(batchStock).optional().describe('what the batch must hold before: one of these'),
})
export const allocateInput = z.object({ ...line, notify: emailAddress.nullish() })
export const cancelLineInput = z.object({ orderId: reference, sku: reference })

export const batchQuantity = z.object({
  ref: reference,
  qty: quantityOrNone,
  availableQty: quantityOrNone.describe('before lines that lost their stock are tried again'),
  released: z.int().min(0).describe('how many order lines lost their stock and wait again'),
})

/** Where a line stands: in a batch, or nowhere while it waits for stock. */
export const placement = z.object({
  status: z.enum(['allocated', 'backordered']),
  batchRef: reference.nullable(),
})

export const batchDetails = z.object({
  ref: reference,
  sku: reference,
  eta: calendarDate.nullable(),
  ...batchStock.shape,
})

/** A product as `GetProduct` and `GET /products/:sku` show it. Batches in the order in which they are drawn upon. */
export const productDetails = z.object({
  sku: reference,
  version,
  batches: z.array(batchDetails.omit({ sku: true })),
  waiting: z.array(z.object({ orderId: reference, qty: quantity })),
})

/** What the allocation service understands and tells. It gives stock, batch by batch, to the lines of orders. */
export const allocation = defineDomain('allocation', {
  commands: {
    CreateBatch: command({
      input: createBatchInput,
      /** The stock is missing from outcomes that were stored before it was told. */
      output: z.object({ ref: reference, created: z.boolean(), ...batchStock.partial().shape }),
      errors: {
        BatchConflict: failure(
          z.object({ ref: z.string() }),
          ({ ref }) => `Batch ${ref} exists already with other content`,
        ),
      },
      allow: ['warehouse'],
      ...keyedBySku,
    }),
    ChangeBatchQuantity: command({
      input: changeBatchQuantityInput,
      output: batchQuantity,
      errors: {
        BatchNotFound: failure(z.object({ ref: z.string() }), ({ ref }) => `There is no batch ${ref}`),
        BatchChanged: failure(
          batchStock.extend({ ref: z.string() }),
          ({ ref, purchasedQty, availableQty }) =>
            `Batch ${ref} holds ${purchasedQty} by now, of which ${availableQty} are available`,
        ),
      },
      allow: ['warehouse'],
      key: ({ ref }) => ref,
    }),
    Allocate: command({
      input: allocateInput,
      output: placement.extend({ repeated: z.boolean() }),
      errors: {
        InvalidSku: invalidSku,
        LineQuantityConflict: failure(
          z.object({ orderId: z.string(), sku: z.string(), qty: z.int(), requestedQty: z.int() }),
          ({ orderId, sku, qty, requestedQty }) =>
            `Order ${orderId} has asked for ${qty} of ${sku} already, not for ${requestedQty}`,
        ),
      },
      allow: ['storefront'],
      ...keyedBySku,
    }),
    /** The result tells where the line stood. */
    CancelLine: command({
      input: cancelLineInput,
      output: placement,
      errors: {
        LineNotFound: failure(
          z.object({ orderId: z.string(), sku: z.string() }),
          ({ orderId, sku }) => `Order ${orderId} has no line of ${sku}`,
        ),
      },
      allow: ['storefront'],
      ...keyedBySku,
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
      keyedBySku,
    ),
    BatchQuantityChanged: event(
      z.object({ ref: reference, sku: reference, qty: quantityOrNone, previousQty: quantityOrNone }),
      keyedBySku,
    ),
    Allocated: event(z.object({ ...line, batchRef: reference, version }), keyedBySku),
    /** A line lost its stock: `released` by its batch, to wait again, or `cancelled` by its order. */
    Deallocated: event(
      z.object({ ...line, batchRef: reference, reason: z.enum(['released', 'cancelled']), version }),
      keyedBySku,
    ),
    OutOfStock: event(z.object({ ...line, version }), keyedBySku),
    /** An order no longer wants a line that waited. (Of one that had stock `Deallocated` tells.) */
    BackorderCancelled: event(z.object({ ...line, version }), keyedBySku),
    AllocationRequired: event(z.object(line), { private: true, ...keyedBySku }),
  },
})
