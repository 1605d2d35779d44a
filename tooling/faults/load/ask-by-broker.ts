import { allocation } from '@posthorn/contracts'
import { PosthornError } from '@posthorn/core'
import type { Clients } from './clients.ts'
import type { Reply, Request } from './request.ts'

const { commands } = allocation
const CALL_TIMEOUT = 8_000

/** The same message at every try: its id makes repetitions harmless. */
export function askByBroker(
  { storefront, warehouse }: Clients,
  request: Request,
  channel: 'call' | 'send',
  ending: AbortSignal,
): { readonly id: string; readonly ask: () => Promise<Reply> } {
  const options = { timeout: CALL_TIMEOUT, signal: ending }
  switch (request.do) {
    case 'CreateBatch': {
      const { ref, sku, qty, eta } = request
      const message = commands.CreateBatch({ ref, sku, qty, eta })
      return way(
        message.id,
        channel,
        () => warehouse.send(message),
        () => warehouse.call(message, options),
      )
    }
    case 'ChangeBatchQuantity': {
      const message = commands.ChangeBatchQuantity({ ref: request.ref, qty: request.qty })
      return way(
        message.id,
        channel,
        () => warehouse.send(message),
        () => warehouse.call(message, options),
      )
    }
    case 'Allocate': {
      const { orderId, sku, qty, notify } = request
      const message = commands.Allocate({ orderId, sku, qty, notify })
      return way(
        message.id,
        channel,
        () => storefront.send(message),
        () => storefront.call(message, options),
      )
    }
    case 'CancelLine': {
      const message = commands.CancelLine({ orderId: request.orderId, sku: request.sku })
      return way(
        message.id,
        channel,
        () => storefront.send(message),
        () => storefront.call(message, options),
      )
    }
  }
}

function way(id: string, channel: 'call' | 'send', send: () => Promise<void>, call: () => Promise<unknown>) {
  const ask = async (): Promise<Reply> => {
    try {
      if (channel === 'call') return { outcome: 'done', answer: await call() }
      await send()
      return { outcome: 'accepted', answer: null }
    } catch (error) {
      return { outcome: outcomeOf(error), answer: `${(error as Error).name} ${(error as Error).message}` }
    }
  }
  return { id, ask }
}

function outcomeOf(error: unknown): Reply['outcome'] {
  if (!(error instanceof PosthornError)) return 'wrong'
  switch (error.outcome) {
    case 'not-executed':
    case 'failed':
      return 'not done'
    case 'unknown':
      return 'unknown'
    default:
      return 'wrong'
  }
}
