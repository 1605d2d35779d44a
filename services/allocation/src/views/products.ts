import type { Repository, UnitsOfWork } from '@posthorn/core'
import type { Product } from '../domain/product.ts'

/** A product as it is shown: by `GetProduct` to other services, by HTTP to people. */
export function productDetails({ sku, version, batches, waiting }: Product) {
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

export async function productOf(
  sku: string,
  units: UnitsOfWork<{ readonly products: Pick<Repository<Product>, 'get'> }>,
) {
  const product = await units.run((unit) => unit.products.get(sku), { readOnly: true })
  return product && productDetails(product)
}
