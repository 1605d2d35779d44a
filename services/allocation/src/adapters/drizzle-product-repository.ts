import { type DrizzleUnit, drizzlePart, drizzleRepository } from '@posthorn/uow-drizzle'
import { eq, isNull, sql } from 'drizzle-orm'
import type { OrderLine } from '../domain/order-line.ts'
import { ProductForLine } from '../domain/product-for-line.ts'
import type { ProductRepository } from '../service-layer/unit.ts'
import { productMapping } from './product-mapping.ts'
import { batches, lines, products } from './schema.ts'

const forLine = drizzlePart<{ [P in keyof OrderLine]: OrderLine[P] }>({
  lines: ({ orderId }) => eq(lines.orderId, orderId),
  batches: ({ orderId, sku, qty }) => sql`${batches.ref} in (
    (select ${lines.batchRef} from ${lines} where ${lines.sku} = ${sku} and ${lines.orderId} = ${orderId}),
    (select ${batches.ref} from ${batches}
      where ${batches.sku} = ${sku} and ${batches.availableQty} >= ${qty} and ${batches.availableQty} > 0
      order by ${batches.eta} nulls first, ${batches.ref} limit 1))`,
})

const toShow = drizzlePart<Record<never, never>>({
  batches: () => undefined,
  lines: () => isNull(lines.batchRef),
})({})

export function drizzleProductRepository(unit: DrizzleUnit): ProductRepository {
  const repository = drizzleRepository(unit, {
    table: products,
    children: {
      batches: { table: batches, root: batches.sku },
      lines: { table: lines, root: lines.sku },
    },
    mapping: productMapping,
  })
  return {
    ...repository,
    async getForLine(line) {
      const product = await repository.getPart(line.sku, forLine({ ...line }), { lock: 'update' })
      return product && new ProductForLine(product, line)
    },
    getToShow: (sku) => repository.getPart(sku, toShow),
    async getByBatch(ref) {
      const key = `batch ${ref}`
      await unit.db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`)
      const [owner] = await unit.db.select({ sku: batches.sku }).from(batches).where(eq(batches.ref, ref))
      return owner === undefined ? undefined : repository.get(owner.sku, { lock: 'update' })
    },
  }
}
