import {
  commandProblems,
  commonProblems,
  handleCommand,
  idempotencyKey,
  problem,
  type Routes,
} from '@posthorn/chassis'
import { allocateInput, allocation, cancelLineInput, placement } from '@posthorn/contracts'
import { type MessageBus, PosthornError, type UnitsOfWork } from '@posthorn/core'
import { z } from 'zod'
import type { Repositories } from '../../service-layer/unit.ts'
import { allocationsOf } from '../../views/allocations.ts'

const { orderId, sku, qty } = allocateInput.shape
const placedLine = z.object({ orderId, sku, qty, ...placement.shape })

export function allocationRoutes(bus: MessageBus<'allocation'>, units: UnitsOfWork<Repositories>): Routes {
  return (app, _options, done) => {
    app.post(
      '/allocations',
      {
        schema: {
          summary: 'Allocate a line of an order; `notify` is told by mail what becomes of the order',
          headers: idempotencyKey,
          body: allocateInput,
          response: {
            201: placedLine.describe('allocated'),
            200: placedLine.describe('asked for before; where the line stands now'),
            202: placedLine.describe('fits nowhere and waits for stock'),
            404: problem('Nobody has ever had this SKU; code `InvalidSku`'),
            409: problem('The order has asked for another quantity of this SKU'),
            ...commandProblems,
          },
        },
      },
      async (request, reply) => {
        const line = request.body
        const result = await handleCommand(bus, allocation.commands.Allocate, line, request, reply)
        const { status, batchRef, repeated } = result
        reply.header('location', `/allocations/${encodeURIComponent(line.orderId)}`)
        return reply
          .code(repeated ? 200 : status === 'allocated' ? 201 : 202)
          .send({ orderId: line.orderId, sku: line.sku, qty: line.qty, status, batchRef })
      },
    )

    app.get(
      '/allocations/:orderId',
      {
        schema: {
          summary: 'Where the lines of an order stand, in the order of SKUs',
          params: z.object({ orderId }),
          response: {
            200: z.array(z.object({ sku, qty, ...placement.shape })),
            404: problem('The order has no lines'),
            ...commonProblems,
          },
        },
      },
      async (request) => {
        const lines = await allocationsOf(request.params.orderId, units)
        if (lines.length > 0) return lines
        throw new PosthornError('NotFound', `Order ${request.params.orderId} has no lines.`)
      },
    )

    app.delete(
      '/allocations/:orderId/:sku',
      {
        schema: {
          summary: 'Cancel a line of an order; what it held serves the lines that wait',
          headers: idempotencyKey,
          params: cancelLineInput,
          response: {
            204: z.undefined().describe('cancelled'),
            404: problem('The order has no such line; code `LineNotFound`'),
            ...commandProblems,
          },
        },
      },
      async (request, reply) => {
        await handleCommand(bus, allocation.commands.CancelLine, request.params, request, reply)
        return reply.code(204).send()
      },
    )
    done()
  }
}
