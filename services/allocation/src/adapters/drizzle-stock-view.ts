import type { DrizzleUnit } from '@posthorn/uow-drizzle'
import { and, asc, type Column, eq, gt, isNull, sql } from 'drizzle-orm'
import type { StockView } from '../views/stock.ts'
import { batches, lines, products } from './schema.ts'

/** Each answer is one statement, and so as one commit left it. */
export function drizzleStockView({ db }: DrizzleUnit): StockView {
  const { ref, sku, eta, purchasedQty, availableQty } = batches
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
      const ofBatches = db
        .select({
          purchased: pieces(purchasedQty).as('purchased'),
          available: pieces(availableQty).as('available'),
        })
        .from(batches)
        .where(eq(sku, products.id))
        .as('of_batches')
      const waiting = db
        .select({ qty: pieces(lines.qty).as('waiting_qty') })
        .from(lines)
        .where(and(eq(lines.sku, products.id), isNull(lines.batchRef)))
        .as('waiting')
      return db
        .select({
          sku: products.id,
          version: products.version,
          purchasedQty: ofBatches.purchased,
          availableQty: ofBatches.available,
          waitingQty: waiting.qty,
        })
        .from(products)
        .crossJoinLateral(ofBatches)
        .crossJoinLateral(waiting)
        .where(after === undefined ? undefined : gt(products.id, after))
        .orderBy(asc(products.id))
        .limit(limit)
    },
  }
}

/** How many pieces that is in all. */
function pieces(qty: Column) {
  return sql`coalesce(sum(${qty}), 0)`.mapWith(Number)
}
