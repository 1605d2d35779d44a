import { type DrizzleUnit, drizzleRepository } from '@posthorn/uow-drizzle'
import { eq, sql } from 'drizzle-orm'
import type { ProductRepository } from '../service-layer/unit.ts'
import { productMapping } from './product-mapping.ts'
import { batches, orderLines, products } from './schema.ts'

export function drizzleProductRepository(unit: DrizzleUnit): ProductRepository {
  const repository = drizzleRepository(unit, {
    table: products,
    children: {
      batches: { table: batches, root: batches.sku },
      lines: { table: orderLines, root: orderLines.sku },
    },
    mapping: productMapping,
  })
  return {
    ...repository,
    async getByBatch(ref) {
      const key = `batch ${ref}`
      await unit.db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`)
      const [owner] = await unit.db.select({ sku: batches.sku }).from(batches).where(eq(batches.ref, ref))
      return owner === undefined ? undefined : repository.get(owner.sku, { lock: 'update' })
    },
  }
}
