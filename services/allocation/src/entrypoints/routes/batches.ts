import { commandProblems, handleCommand, idempotencyKey, problem, type Routes } from '@posthorn/chassis'
import { allocation, batchQuantity, changeBatchQuantityInput, createBatchInput } from '@posthorn/contracts'
import type { MessageBus } from '@posthorn/core'

const { CreateBatch, ChangeBatchQuantity } = allocation.commands

export function batchRoutes(bus: MessageBus<'allocation'>): Routes {
  return (app, _options, done) => {
    app.post(
      '/batches',
      {
        schema: {
          summary: 'Add a batch of stock, in the warehouse or, with `eta`, on its way',
          headers: idempotencyKey,
          body: createBatchInput,
          response: {
            201: createBatchInput.describe('created; `Location` names it'),
            200: createBatchInput.describe('created before, with the same content'),
            409: problem('The reference belongs to a batch with other content'),
            ...commandProblems,
          },
        },
      },
      async (request, reply) => {
        const { created } = await handleCommand(bus, CreateBatch, request.body, request, reply)
        const { ref, sku, qty, eta = null } = request.body
        reply.header('location', `/batches/${encodeURIComponent(ref)}`)
        return reply.code(created ? 201 : 200).send({ ref, sku, qty, eta })
      },
    )

    app.patch(
      '/batches/:ref',
      {
        schema: {
          summary: 'Change how much a batch holds; what it can no longer serve waits again',
          headers: idempotencyKey,
          params: changeBatchQuantityInput.pick({ ref: true }),
          body: changeBatchQuantityInput.pick({ qty: true }),
          response: { 200: batchQuantity, 404: problem('There is no such batch'), ...commandProblems },
        },
      },
      async (request, reply) => {
        const change = { ...request.params, ...request.body }
        return handleCommand(bus, ChangeBatchQuantity, change, request, reply)
      },
    )
    done()
  }
}
