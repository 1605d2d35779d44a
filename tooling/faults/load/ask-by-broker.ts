import { allocation } from '@posthorn/contracts'
import { type MessageOf, PosthornError } from '@posthorn/core'
import type { Clients } from './clients.ts'
import type { Reply, Request } from './request.ts'

const { CreateBatch, ChangeBatchQuantity, Allocate, CancelLine } = allocation.commands
const CALL_TIMEOUT = 8_000

/** The same message at every try: its id makes repetitions harmless. Default: an id of its own. */
export function askByBroker(
  { storefront, warehouse }: Clients,
  request: Request,
  channel: 'call' | 'send',
  ending: AbortSignal,
  id?: string,
): { readonly id: string; readonly ask: () => Promise<Reply> } {
  const options = { timeout: CALL_TIMEOUT, signal: ending }
  const given = id === undefined ? {} : { id }
  const asWarehouse = (message: MessageOf<typeof CreateBatch | typeof ChangeBatchQuantity>) => ({
    id: message.id,
    ask: () =>
      channel === 'send'
        ? accepted(warehouse.send(message))
        : answered(warehouse.call<typeof message>(message, options)),
  })
  const asStorefront = (message: MessageOf<typeof Allocate | typeof CancelLine>) => ({
    id: message.id,
    ask: () =>
      channel === 'send'
        ? accepted(storefront.send(message))
        : answered(storefront.call<typeof message>(message, options)),
  })
  switch (request.do) {
    case 'CreateBatch': {
      const { ref, sku, qty, eta } = request
      return asWarehouse(CreateBatch.receive({ ...CreateBatch({ ref, sku, qty, eta }), ...given }))
    }
    case 'ChangeBatchQuantity': {
      const { ref, qty } = request
      return asWarehouse(ChangeBatchQuantity.receive({ ...ChangeBatchQuantity({ ref, qty }), ...given }))
    }
    case 'Allocate':
    case 'AskToBeTold': {
      const { orderId, sku, qty, notify } = request
      return asStorefront(Allocate.receive({ ...Allocate({ orderId, sku, qty, notify }), ...given }))
    }
    case 'CancelLine': {
      const { orderId, sku } = request
      return asStorefront(CancelLine.receive({ ...CancelLine({ orderId, sku }), ...given }))
    }
  }
}

async function accepted(sent: Promise<void>): Promise<Reply> {
  return answered(
    sent.then(() => null),
    'accepted',
  )
}

async function answered(answer: Promise<unknown>, outcome: 'done' | 'accepted' = 'done'): Promise<Reply> {
  try {
    return { outcome, answer: await answer }
  } catch (error) {
    return { outcome: outcomeOf(error), answer: `${(error as Error).name} ${(error as Error).message}` }
  }
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
