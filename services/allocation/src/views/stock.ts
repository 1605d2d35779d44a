import type { UnitsOfWork } from '@posthorn/core'

export interface BatchItem {
  readonly ref: string
  readonly sku: string
  readonly eta: string | null
  readonly purchasedQty: number
  readonly availableQty: number
}

/** A product in figures: the pieces in its batches, those of them that no line has, and those that lines wait for. */
export interface ProductItem {
  readonly sku: string
  readonly version: number
  readonly purchasedQty: number
  readonly availableQty: number
  readonly waitingQty: number
}

/** Names are in the order of their code points. `after` need not exist. */
export interface StockQuery {
  /** What comes after this name. */
  readonly after: string | undefined
  readonly limit: number
}

/** What is in stock, as one commit left it, read without the aggregates. */
export interface StockView {
  batch(ref: string): Promise<BatchItem | undefined>
  batches(query: StockQuery & { readonly sku: string | undefined }): Promise<readonly BatchItem[]>
  products(query: StockQuery): Promise<readonly ProductItem[]>
}

type Units = UnitsOfWork<{ readonly stock: StockView }>
const READ_ONLY = { readOnly: true } as const

export function batchOf(ref: string, units: Units): Promise<BatchItem | undefined> {
  return units.run((unit) => unit.stock.batch(ref), READ_ONLY)
}

export async function batchesPage(query: Parameters<StockView['batches']>[0], units: Units) {
  const found = await units.run((unit) => unit.stock.batches(oneMore(query)), READ_ONLY)
  return page(found, query.limit, ({ ref }) => ref)
}

export async function productsPage(query: StockQuery, units: Units) {
  const found = await units.run((unit) => unit.stock.products(oneMore(query)), READ_ONLY)
  return page(found, query.limit, ({ sku }) => sku)
}

/** Whether there is a next page shows in whether there is one more. */
function oneMore<Q extends StockQuery>(query: Q): Q {
  return { ...query, limit: query.limit + 1 }
}

/** `next` is what to ask for the next page `after`; null on the last. */
function page<T>(found: readonly T[], limit: number, nameOf: (item: T) => string) {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: found.length > limit && last !== undefined ? nameOf(last) : null }
}
