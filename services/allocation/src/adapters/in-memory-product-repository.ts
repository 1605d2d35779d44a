import { type InMemoryUnit, inMemoryRepository } from '@posthorn/core/in-memory'
import type { ProductRepository } from '../service-layer/unit.ts'
import { type ProductRows, productMapping } from './product-mapping.ts'

export const PRODUCTS = 'products'

export function inMemoryProductRepository(unit: InMemoryUnit): ProductRepository {
  const products = inMemoryRepository(unit, PRODUCTS, productMapping)
  return {
    ...products,
    async getByBatch(ref) {
      await unit.transaction.read('batch references', ref, true)
      const owns = (rows: ProductRows) => rows.children.batches.some((batch) => batch.ref === ref)
      const [sku] = await products.idsWhere((rows) => owns(rows as ProductRows))
      return sku === undefined ? undefined : products.get(sku, { lock: 'update' })
    },
  }
}
