import type { InMemoryUnit } from '@posthorn/core/in-memory'
import { byCodePoints } from '../domain/by-code-points.ts'
import type { BatchItem, ProductItem, StockView } from '../views/stock.ts'
import { PRODUCTS } from './in-memory-product-repository.ts'
import type { ProductRows } from './product-mapping.ts'

interface Stored {
  readonly rows: ProductRows
  readonly version: number
}

export function inMemoryStockView({ transaction }: InMemoryUnit): StockView {
  const stored = async () =>
    [...(await transaction.readAll(PRODUCTS)).values()] as unknown as readonly Stored[]
  const allBatches = async () => (await stored()).flatMap(({ rows }) => batchItems(rows))
  return {
    batch: async (ref) => (await allBatches()).find((batch) => batch.ref === ref),
    async batches({ sku, after, limit }) {
      const wanted = (await allBatches()).filter((batch) => sku === undefined || batch.sku === sku)
      return sliceAfter(wanted, ({ ref }) => ref, after, limit)
    },
    products: async ({ after, limit }) =>
      sliceAfter((await stored()).map(productItem), ({ sku }) => sku, after, limit),
  }
}

function batchItems({ children: { batches } }: ProductRows): readonly BatchItem[] {
  return batches.map(({ ref, sku, eta, purchasedQty, allocatedQty }) => {
    return { ref, sku, eta, purchasedQty, availableQty: purchasedQty - allocatedQty }
  })
}

function productItem({ rows, version }: Stored): ProductItem {
  const { batches, lines } = rows.children
  const purchasedQty = batches.reduce((sum, batch) => sum + batch.purchasedQty, 0)
  const availableQty = batches.reduce((sum, batch) => sum + batch.purchasedQty - batch.allocatedQty, 0)
  const waiting = lines.filter(({ batchRef }) => batchRef === null)
  const waitingQty = waiting.reduce((sum, { qty }) => sum + qty, 0)
  return { sku: rows.root.id, version, purchasedQty, availableQty, waitingQty }
}

function sliceAfter<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  after: string | undefined,
  limit: number,
) {
  return items
    .filter((item) => after === undefined || byCodePoints(nameOf(item), after) > 0)
    .sort((a, b) => byCodePoints(nameOf(a), nameOf(b)))
    .slice(0, limit)
}
