import type { DrizzleUnit } from '@posthorn/uow-drizzle'
import { and, asc, eq, gt, type SQL, sql } from 'drizzle-orm'
import type { StockView } from '../views/stock.ts'
import { batches, orderLines, products } from './schema.ts'

/** Each answer is one statement, and so as one commit left it. */
export function drizzleStockView({ db }: DrizzleUnit): StockView {
  const { ref, sku, eta, purchasedQty } = batches
  const availableQty = sql`${purchasedQty} - ${pieces(eq(orderLines.batchRef, ref))}`.mapWith(Number)
  const selected = () => db.select({ ref, sku, eta, purchasedQty, availableQty }).from(batches)
  return {
    async batch(wanted) {
      const [found] = await selected().where(eq(ref, wanted))
      return found
    },

    batches: ({ sku: only, after, limit }) =>
      selected()
        .where(
          and(
            only === undefined ? undefined : eq(sku, only),
            after === undefined ? undefined : gt(ref, after),
          ),
        )
        .orderBy(asc(ref))
        .limit(limit),

    products({ after, limit }) {
      const lines = eq(orderLines.sku, products.id)
      const bought = sql`(select coalesce(sum(${purchasedQty}), 0) from ${batches} where ${eq(sku, products.id)})`
      const allocated = pieces(and(lines, sql`${orderLines.batchRef} is not null`))
      return db
        .select({
          sku: products.id,
          version: products.version,
          purchasedQty: bought.mapWith(Number),
          availableQty: sql`${bought} - ${allocated}`.mapWith(Number),
          waitingQty: pieces(and(lines, sql`${orderLines.batchRef} is null`)).mapWith(Number),
        })
        .from(products)
        .where(after === undefined ? undefined : gt(products.id, after))
        .orderBy(asc(products.id))
        .limit(limit)
    },
  }
}

/** How many pieces those lines want. */
function pieces(lines: SQL | undefined): SQL {
  return sql`(select coalesce(sum(${orderLines.qty}), 0) from ${orderLines} where ${lines})`
}
