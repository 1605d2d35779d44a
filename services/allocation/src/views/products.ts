import type { UnitsOfWork } from '@posthorn/core'
import type { Batch } from '../domain/batch.ts'
import type { Product } from '../domain/product.ts'

/** What of a product is shown: the lines that its batches serve are not. */
export interface ShownProduct extends Pick<Product, 'sku' | 'version' | 'waiting'> {
  readonly batches: readonly Pick<Batch, 'ref' | 'eta' | 'purchasedQty' | 'availableQty'>[]
}

export interface ShownProducts {
  /** The product, read without the lines that its batches serve. */
  getToShow(sku: string): Promise<ShownProduct | undefined>
}

/** A product as it is shown: by `GetProduct` to other services, by HTTP to people. */
export function productDetails({ sku, version, batches, waiting }: ShownProduct) {
  return {
    sku,
    version,
    batches: batches.map(({ ref, eta, purchasedQty, availableQty }) => ({
      ref,
      eta,
      purchasedQty,
      availableQty,
    })),
    waiting: waiting.map(({ line }) => ({ orderId: line.orderId, qty: line.qty })),
  }
}

export async function productOf(sku: string, units: UnitsOfWork<{ readonly products: ShownProducts }>) {
  const product = await units.run((unit) => unit.products.getToShow(sku), { readOnly: true })
  return product && productDetails(product)
}
