import { Batch } from '../../../src/domain/batch.ts'
import { orderLine } from '../../../src/domain/order-line.ts'
import { Product } from '../../../src/domain/product.ts'

export const SKU = 'RETRO-CLOCK'

export const clocks = (orderId: string, qty: number) => orderLine(orderId, SKU, qty)

export const batchOf = (ref: string, qty: number, eta: string | null = null) =>
  new Batch({ ref, sku: SKU, qty, eta })

/** A product at version 7 with the batches given and nothing to tell. */
export function productWith(...batches: readonly Batch[]): Product {
  return new Product({ sku: SKU, version: 7, batches })
}

/** What the product has told since it was last asked: the message's name and its payload. */
export function told(product: Product): readonly (readonly [string, unknown])[] {
  return product.events.splice(0).map(({ type, payload }) => [type.replace('allocation.', ''), payload])
}

export const names = (product: Product) => told(product).map(([name]) => name)
