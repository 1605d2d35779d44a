import type { AggregateRows } from '@posthorn/core'
import { type InMemoryUnit, inMemoryRepository } from '@posthorn/core/in-memory'
import { byPreference } from '../domain/batch.ts'
import type { OrderLine } from '../domain/order-line.ts'
import { ProductForLine } from '../domain/product-for-line.ts'
import type { ProductRepository } from '../service-layer/unit.ts'
import { type ProductRows, productMapping } from './product-mapping.ts'

export const PRODUCTS = 'products'

type Children = ProductRows['children']

export function inMemoryProductRepository(unit: InMemoryUnit): ProductRepository {
  const products = inMemoryRepository(unit, PRODUCTS, productMapping)
  return {
    ...products,
    async getForLine(line) {
      const part = (rows: AggregateRows) => childrenFor(line, rows as ProductRows)
      const product = await products.getPart(line.sku, part, { lock: 'update' })
      return product && new ProductForLine(product, line)
    },
    getToShow: (sku) => products.getPart(sku, ({ children }) => childrenToShow(children as Children)),
    async getByBatch(ref) {
      await unit.transaction.read('batch references', ref, true)
      const owns = (rows: ProductRows) => rows.children.batches.some((batch) => batch.ref === ref)
      const [sku] = await products.idsWhere((rows) => owns(rows as ProductRows))
      return sku === undefined ? undefined : products.get(sku, { lock: 'update' })
    },
  }
}

function childrenFor({ orderId, qty }: OrderLine, { children }: ProductRows): Children {
  const lines = children.lines.filter((line) => line.orderId === orderId)
  const withRoom = children.batches.filter(
    ({ purchasedQty, allocatedQty }) => purchasedQty - allocatedQty >= qty,
  )
  const refs = [lines[0]?.batchRef, withRoom.sort(byPreference)[0]?.ref]
  return { lines, batches: children.batches.filter(({ ref }) => refs.includes(ref)) }
}

function childrenToShow({ batches, lines }: Children): Children {
  return { batches, lines: lines.filter(({ batchRef }) => batchRef === null) }
}
