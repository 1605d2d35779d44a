import {
  commandProblems,
  commonProblems,
  handleCommand,
  idempotencyKey,
  problem,
  type Routes,
} from '@posthorn/chassis'
import {
  allocation,
  batchDetails,
  batchQuantity,
  changeBatchQuantityInput,
  createBatchInput,
} from '@posthorn/contracts'
import type { MessageBus, UnitsOfWork } from '@posthorn/core'
import { z } from 'zod'
import type { Repositories } from '../../service-layer/unit.ts'
import { batchesPage, batchOf } from '../../views/stock.ts'
import { entityTag, entityTags, expectedStock, isNamed } from '../entity-tags.ts'
import { pageOf, paging } from '../paging.ts'

const { CreateBatch, ChangeBatchQuantity } = allocation.commands
const { ref, sku } = batchDetails.shape
const params = z.object({ ref })
const ifMatch = entityTags.describe('changes the batch only while its `ETag` is among these').optional()
const ifNoneMatch = entityTags.describe('answers 304 while the `ETag` is among these').optional()
const noSuchBatch = problem('There is no such batch')

export function batchRoutes(bus: MessageBus<'allocation'>, units: UnitsOfWork<Repositories>): Routes {
  return (app, _options, done) => {
    app.post(
      '/batches',
      {
        schema: {
          summary: 'Add a batch of stock, in the warehouse or, with `eta`, on its way',
          headers: idempotencyKey,
          body: createBatchInput,
          response: {
            201: createBatchInput.describe('created; `Location` names it, `ETag` its state'),
            200: createBatchInput.describe(
              'created before, with the same content; `ETag` names its state now',
            ),
            409: problem('The reference belongs to a batch with other content'),
            ...commandProblems,
          },
        },
      },
      async (request, reply) => {
        const result = await handleCommand(bus, CreateBatch, request.body, request, reply)
        const { created, purchasedQty, availableQty } = result
        const { ref, sku, qty, eta = null } = request.body
        reply.header('location', `/batches/${encodeURIComponent(ref)}`)
        if (purchasedQty !== undefined && availableQty !== undefined) {
          reply.header('etag', entityTag({ purchasedQty, availableQty }))
        }
        return reply.code(created ? 201 : 200).send({ ref, sku, qty, eta })
      },
    )

    app.patch(
      '/batches/:ref',
      {
        schema: {
          summary: 'Change how much a batch holds; what it can no longer serve waits again',
          headers: idempotencyKey.extend({ 'if-match': ifMatch }),
          params,
          body: changeBatchQuantityInput.pick({ qty: true }),
          response: {
            200: batchQuantity.describe(
              'changed; `ETag` names the state of the batch, unless that is about to change for released lines',
            ),
            404: noSuchBatch,
            412: problem('The batch is not as `If-Match` wants it; code `BatchChanged`'),
            ...commandProblems,
          },
        },
      },
      async (request, reply) => {
        const expected = expectedStock(request.headers['if-match'])
        const change = { ...request.params, ...request.body, ...(expected && { expected: [...expected] }) }
        const changed = await handleCommand(bus, ChangeBatchQuantity, change, request, reply)
        const { qty: purchasedQty, availableQty, released } = changed
        if (released === 0) reply.header('etag', entityTag({ purchasedQty, availableQty }))
        return changed
      },
    )

    app.get(
      '/batches/:ref',
      {
        schema: {
          summary: 'A batch',
          headers: z.object({ 'if-none-match': ifNoneMatch }),
          params,
          response: {
            200: batchDetails.describe('`ETag` names its state'),
            304: z.undefined().describe('as `If-None-Match` knows it'),
            404: noSuchBatch,
            ...commonProblems,
          },
        },
      },
      async ({ params: { ref }, headers }, reply) => {
        const batch = await batchOf(ref, units)
        if (batch === undefined) throw new allocation.errors.BatchNotFound({ ref })
        reply.header('etag', entityTag(batch))
        return isNamed(batch, headers['if-none-match']) ? reply.code(304).send() : batch
      },
    )

    app.get(
      '/batches',
      {
        schema: {
          summary: 'Batches in the order of their references, page by page',
          querystring: paging(ref).extend({ sku: sku.optional() }),
          response: { 200: pageOf(batchDetails), ...commonProblems },
        },
      },
      ({ query: { sku, after, limit } }) => batchesPage({ sku, after, limit }, units),
    )
    done()
  }
}
