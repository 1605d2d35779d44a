import { allocation } from '@posthorn/contracts'
import { DeclaredError } from '@posthorn/core'
import type { ObservedSystem } from './observed-system.ts'
import type { Answer, Request } from './request.ts'

/** One message, from the client that may use it; whichever of the two is called delivers it again. */
interface ByBroker {
  readonly send: () => Promise<void>
  readonly call: () => Promise<Answer>
}

const { commands } = allocation

export function byBroker(request: Request, { warehouse, storefront }: ObservedSystem): ByBroker {
  switch (request.do) {
    case 'CreateBatch': {
      const { ref, sku, qty, eta } = request
      const message = commands.CreateBatch({ ref, sku, qty, eta })
      return {
        send: () => warehouse.send(message),
        call: () => answered(warehouse.call(message), ({ created }) => ({ created })),
      }
    }
    case 'ChangeBatchQuantity': {
      const message = commands.ChangeBatchQuantity({ ref: request.ref, qty: request.qty })
      return {
        send: () => warehouse.send(message),
        call: () => answered(warehouse.call(message), ({ ref: _, ...facts }) => facts),
      }
    }
    case 'Allocate': {
      const { orderId, sku, qty, notify } = request
      const message = commands.Allocate({ orderId, sku, qty, notify })
      return {
        send: () => storefront.send(message),
        call: () => answered(storefront.call(message), (placement) => placement),
      }
    }
    case 'CancelLine': {
      const message = commands.CancelLine({ orderId: request.orderId, sku: request.sku })
      return {
        send: () => storefront.send(message),
        call: () => answered(storefront.call(message), () => ({})),
      }
    }
  }
}

async function answered<R>(call: Promise<R>, telling: (result: R) => Answer): Promise<Answer> {
  try {
    return telling(await call)
  } catch (error) {
    if (error instanceof DeclaredError) return { error: error.name }
    throw error
  }
}
