import type { DrizzleUnit } from '@posthorn/uow-drizzle'
import { and, asc, type Column, eq, gt, isNotNull, isNull, sql } from 'drizzle-orm'
import type { StockView } from '../views/stock.ts'
import { batches, orderLines, products } from './schema.ts'

/** Each answer is one statement, and so as one commit left it. */
export function drizzleStockView({ db }: DrizzleUnit): StockView {
  const { ref, sku, eta, purchasedQty } = batches
  const taken = db
    .select({ pieces: pieces(orderLines.qty) })
    .from(orderLines)
    .where(eq(orderLines.batchRef, ref))
  const availableQty = sql`${purchasedQty} - (${taken})`.mapWith(Number)
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
        .select({ bought: pieces(purchasedQty).as('bought') })
        .from(batches)
        .where(eq(sku, products.id))
        .as('of_batches')
      const ofLines = db
        .select({
          allocated: pieces(orderLines.qty, isNotNull(orderLines.batchRef)).as('allocated'),
          waiting: pieces(orderLines.qty, isNull(orderLines.batchRef)).as('waiting'),
        })
        .from(orderLines)
        .where(eq(orderLines.sku, products.id))
        .as('of_lines')
      return db
        .select({
          sku: products.id,
          version: products.version,
          purchasedQty: ofBatches.bought,
          availableQty: sql`${ofBatches.bought} - ${ofLines.allocated}`.mapWith(Number),
          waitingQty: ofLines.waiting,
        })
        .from(products)
        .crossJoinLateral(ofBatches)
        .crossJoinLateral(ofLines)
        .where(after === undefined ? undefined : gt(products.id, after))
        .orderBy(asc(products.id))
        .limit(limit)
    },
  }
}

/** How many pieces that is in all, of the rows for which the condition holds. */
function pieces(qty: Column, where = sql`true`) {
  return sql`coalesce(sum(${qty}) filter (where ${where}), 0)`.mapWith(Number)
}
