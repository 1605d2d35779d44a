import type { Fact } from './watched-order.ts'

/** What is told; `stockOf` names a SKU whose stock is to be told with it, as it is when the mail leaves. */
export interface Mail {
  readonly subject: string
  readonly text: string
  readonly stockOf: string | null
}

interface Line {
  readonly orderId: string
  readonly sku: string
  readonly qty: number
}

/** A product's stock, as far as a mail tells it. */
export interface Stock {
  readonly batches: readonly { readonly ref: string; readonly availableQty: number }[]
}

const MOST_BATCHES = 10

export function outOfStockMail({ orderId, sku, qty }: Line): Mail {
  return {
    subject: `Out of stock for ${sku}`,
    text: `Order ${orderId} waits for ${qty} of ${sku}.`,
    stockOf: sku,
  }
}

export function lineMail(orderId: string, { kind, sku, qty, batchRef }: Fact): Mail {
  const line = `${qty} of ${sku} for order ${orderId}`
  switch (kind) {
    case 'allocated':
      return {
        subject: `Order ${orderId}: ${sku} is allocated`,
        text: `${line} will come from batch ${batchRef}.`,
        stockOf: null,
      }
    case 'deallocated':
      return {
        subject: `Order ${orderId}: ${sku} waits again`,
        text: `${line} can no longer come from batch ${batchRef} and wait for stock.`,
        stockOf: null,
      }
    case 'cancelled':
      return {
        subject: `Order ${orderId}: ${sku} is cancelled`,
        text: `${line} are cancelled and will not come.`,
        stockOf: null,
      }
  }
}

export function withStock(text: string, stock: Stock | undefined): string {
  if (stock === undefined) return `${text}\nstock unknown`
  const total = stock.batches.reduce((sum, { availableQty }) => sum + availableQty, 0)
  const named = stock.batches.slice(0, MOST_BATCHES).map(({ ref, availableQty }) => `${ref}: ${availableQty}`)
  const more = stock.batches.length - named.length
  if (more > 0) named.push(`${more} more`)
  return `${text}\nCurrent stock: ${total} available${named.length > 0 ? ` (${named.join(', ')})` : ''}`
}
