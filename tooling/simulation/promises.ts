import { allocation, notifications } from '@posthorn/contracts'
import { DeclaredError } from '@posthorn/core'
import type { Asked, Invariant, Observed } from '@posthorn/core/simulation'
import { MAIL_SERVER, mailTo } from './services-world.ts'

interface Line {
  readonly orderId: string
  readonly sku: string
  readonly qty: number
  readonly batchRef: string | null
}

interface Batch {
  readonly ref: string
  readonly sku: string
  readonly purchasedQty: number
  readonly allocatedQty: number
}

interface Product {
  readonly sku: string
  readonly batches: readonly Batch[]
  readonly lines: readonly Line[]
}

/** What the two services promise, seen in their stores when all is quiet. */
export const promises: readonly Invariant[] = [
  atRest('no piece of stock is sold twice', (observed) => {
    for (const { batches, lines } of products(observed)) {
      const orders = lines.map(({ orderId }) => orderId)
      if (new Set(orders).size < orders.length) return `an order has two lines: ${orders}`
      const over = batches.find((batch) => left(batch, lines) < 0)
      if (over !== undefined)
        return `${over.ref} has ${over.purchasedQty}, and ${-left(over, lines)} more are sold`
      const miscounted = batches.find(
        (batch) => batch.purchasedQty - batch.allocatedQty !== left(batch, lines),
      )
      if (miscounted !== undefined) return `${miscounted.ref} counts ${miscounted.allocatedQty} as sold`
    }
    return undefined
  }),
  atRest('no line waits that a batch could serve', (observed) => {
    for (const { batches, lines } of products(observed)) {
      const most = Math.max(0, ...batches.map((batch) => left(batch, lines)))
      const waiting = lines.find(({ batchRef, qty }) => batchRef === null && qty <= most)
      if (waiting !== undefined)
        return `${waiting.orderId} waits for ${waiting.qty} of ${waiting.sku}; ${most} are there`
    }
    return undefined
  }),
  atRest('what was answered is so', (observed) => {
    const known = products(observed)
    for (const asked of observed.ledger.asked) {
      const wrong =
        asked.answer?.ok === true ? contradiction(asked, known, observed) : groundlessRefusal(asked, known)
      if (wrong !== undefined)
        return `${asked.command.type} ${JSON.stringify(asked.command.payload)}: ${wrong}`
    }
    return undefined
  }),
  atRest('the view shows the lines as they are', (observed) => {
    const shown = [...storeOf(observed, allocation.name).rows<Line>('allocations').values()]
      .map(lineText)
      .sort()
    const real = products(observed)
      .flatMap(({ lines }) => lines.map(lineText))
      .sort()
    return shown.join() === real.join() ? undefined : `shown are ${shown}; there are ${real}`
  }),
  atRest('each event is told of once, to all whom it concerns', (observed) => {
    const told = notes(observed)
    const pairs = told.map(({ causedBy, recipient }) => `${causedBy} ${recipient}`)
    if (new Set(pairs).size < pairs.length) return `somebody was told twice: ${pairs}`
    for (const { entries } of observed.ledger.commits) {
      const outOfStock = entries.find(
        ({ handler, message }) => handler === null && message.type === allocation.events.OutOfStock.type,
      )
      if (outOfStock === undefined) continue
      if (!told.some(({ causedBy }) => causedBy === outOfStock.message.id)) {
        return `nobody was told of OutOfStock ${outOfStock.message.id}`
      }
    }
    return undefined
  }),
  atRest('every notification has been mailed', (observed) => {
    const mailed = new Set(
      observed.ledger.outside.filter(({ whom }) => whom === MAIL_SERVER).map(({ what }) => what),
    )
    const missing = notes(observed).find(
      ({ id, recipient, subject, status }) =>
        status !== 'sent' || !mailed.has(mailTo(recipient, subject, id)),
    )
    return missing && `${missing.id} to ${missing.recipient} is ${missing.status}`
  }),
  atRest('watchers know where each line stands', (observed) => {
    for (const [orderId, { children }] of storeOf(observed, notifications.name).aggregates('orders')) {
      for (const fact of children.facts ?? []) {
        const line = products(observed)
          .find(({ sku }) => sku === fact.sku)
          ?.lines.find((one) => one.orderId === orderId)
        const is = line === undefined ? 'cancelled' : line.batchRef === null ? 'deallocated' : 'allocated'
        if (fact.kind !== is) return `${orderId} is told ${fact.sku} is ${fact.kind}; it is ${is}`
      }
    }
    return undefined
  }),
]

/** Each message asks for something else, so each must find what it asks for undone. */
function contradiction(
  { command, answer }: Asked,
  known: readonly Product[],
  { ledger }: Observed,
): string | undefined {
  const payload = command.payload as { ref?: string; orderId?: string; sku?: string; qty?: number }
  const result = Object(answer?.ok === true ? answer.result : null) as {
    repeated?: boolean
    created?: boolean
  }
  const { CreateBatch, ChangeBatchQuantity, Allocate, CancelLine } = allocation.commands
  const batch = known.flatMap(({ batches }) => batches).find(({ ref }) => ref === payload.ref)
  const line = known
    .find(({ sku }) => sku === payload.sku)
    ?.lines.find(({ orderId }) => orderId === payload.orderId)
  switch (command.type) {
    case CreateBatch.type:
      return batch === undefined || result.created !== true ? 'it was not created, or twice' : undefined
    case ChangeBatchQuantity.type:
      return batch?.purchasedQty === payload.qty ? undefined : `the batch has ${batch?.purchasedQty}`
    case Allocate.type: {
      if (result.repeated === true) return 'it was done twice'
      const cancelled = ledger.asked.some(
        (other) =>
          other.command.type === CancelLine.type && Object(other.command.payload).orderId === payload.orderId,
      )
      return line === undefined && !cancelled ? 'the line is not there' : undefined
    }
    case CancelLine.type:
      return line === undefined ? undefined : 'the line is still there'
    default:
      return undefined
  }
}

/** Nobody hears of conflicts and crashes: what fails for certain fails as the contract says. */
function groundlessRefusal({ command, answer }: Asked, known: readonly Product[]): string | undefined {
  if (answer?.ok !== false || answer.outcome !== 'failed') return undefined
  const { name } = answer.error as Error
  if (!(answer.error instanceof DeclaredError)) return `it failed with ${name}`
  const { orderId } = command.payload as { orderId?: string }
  const isThere = known.some(({ lines }) => lines.some((line) => line.orderId === orderId))
  return command.type === allocation.commands.Allocate.type && isThere
    ? `it was refused with ${name}, but the line is there`
    : undefined
}

function atRest(name: string, look: (observed: Observed) => string | undefined): Invariant {
  return { name, make: () => ({ atRest: look }) }
}

function products(observed: Observed): readonly Product[] {
  return [...storeOf(observed, allocation.name).aggregates('products')].map(([sku, { children }]) => ({
    sku,
    // The rows are the service's own.
    batches: (children.batches ?? []) as unknown as readonly Batch[],
    lines: (children.lines ?? []) as unknown as readonly Line[],
  }))
}

function notes(observed: Observed) {
  return [...storeOf(observed, notifications.name).aggregates('notifications').values()].map(
    ({ root }) => root as Readonly<Record<'id' | 'recipient' | 'subject' | 'status' | 'causedBy', string>>,
  )
}

function storeOf({ stores }: Observed, name: string) {
  const store = stores.get(name)
  if (store === undefined) throw new Error(`There is no ${name}`)
  return store
}

function left({ ref, purchasedQty }: Batch, lines: readonly Line[]): number {
  return lines.reduce((rest, { batchRef, qty }) => (batchRef === ref ? rest - qty : rest), purchasedQty)
}

function lineText({ orderId, sku, qty, batchRef }: Line): string {
  return `${orderId} ${qty} ${sku} ${batchRef}`
}
