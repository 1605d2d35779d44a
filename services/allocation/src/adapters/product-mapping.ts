import type { AggregateMapping, AggregateRows, Row } from '@posthorn/core'
import { Batch } from '../domain/batch.ts'
import { orderLine } from '../domain/order-line.ts'
import { Product } from '../domain/product.ts'

export interface BatchRow extends Row {
  readonly ref: string
  readonly sku: string
  /** What it was created with; `purchasedQty` is what it has now. */
  readonly createdQty: number
  readonly purchasedQty: number
  /** How much of that its lines have. */
  readonly allocatedQty: number
  readonly eta: string | null
}

interface LineRow extends Row {
  readonly sku: string
  readonly orderId: string
  readonly qty: number
  /** Null while the line waits. */
  readonly batchRef: string | null
  readonly position: number
  readonly told: boolean
}

/** A product's rows: itself, its batches, and its lines, those that wait among them. */
export interface ProductRows extends AggregateRows {
  readonly root: { readonly id: string; readonly moves: number }
  readonly children: { readonly batches: readonly BatchRow[]; readonly lines: readonly LineRow[] }
}

export const productMapping: AggregateMapping<Product> = {
  childKeys: { batches: ['ref'], lines: ['sku', 'orderId'] },

  toRows({ sku, moves, batches, waiting }): ProductRows {
    const batchRows = batches.map(({ ref, content, purchasedQty, availableQty, eta }) => ({
      ref,
      sku,
      createdQty: content.qty,
      purchasedQty,
      allocatedQty: purchasedQty - availableQty,
      eta,
    }))
    const allocated = batches.flatMap(({ ref, allocations }) =>
      allocations.map(({ line: { orderId, qty }, position }) => ({
        sku,
        orderId,
        qty,
        batchRef: ref,
        position,
        told: false,
      })),
    )
    const waits = waiting.map(({ line: { orderId, qty }, position, told }) => ({
      sku,
      orderId,
      qty,
      batchRef: null,
      position,
      told,
    }))
    return { root: { id: sku, moves }, children: { batches: batchRows, lines: [...allocated, ...waits] } }
  },

  fromRows(rows, version) {
    const { root, children } = rows as ProductRows
    const { id: sku, moves } = root
    const lines = groupByBatch(children.lines)
    const linesIn = (ref: string | null) =>
      (lines.get(ref) ?? []).map(({ orderId, qty, position, told }) => ({
        line: orderLine(orderId, sku, qty),
        position,
        told,
      }))
    const batches = children.batches.map(({ ref, createdQty, purchasedQty, allocatedQty, eta }) => {
      const stock = { purchasedQty, availableQty: purchasedQty - allocatedQty }
      return new Batch({ ref, sku, qty: createdQty, eta }, stock, linesIn(ref))
    })
    return new Product({ sku, version, moves, batches, waiting: linesIn(null) })
  },
}

function groupByBatch(lines: readonly LineRow[]): ReadonlyMap<string | null, readonly LineRow[]> {
  const groups = new Map<string | null, LineRow[]>()
  for (const line of lines) {
    const group = groups.get(line.batchRef)
    if (group === undefined) groups.set(line.batchRef, [line])
    else group.push(line)
  }
  return groups
}
