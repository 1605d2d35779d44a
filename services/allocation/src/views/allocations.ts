import type { UnitsOfWork } from '@posthorn/core'

/** Where one line of an order stands. `version` is that of the product when the line got there. */
export interface AllocationEntry {
  readonly orderId: string
  readonly sku: string
  readonly qty: number
  readonly batchRef: string | null
  readonly version: number
}

/** Where each order's lines stand: what is read, and never the products for it. */
export interface AllocationsView {
  /** Keeps the entry unless it knows a newer one of the same line: entries may come in any order. */
  record(entry: AllocationEntry): Promise<void>
  /** In the order of SKUs. */
  ofOrder(orderId: string): Promise<readonly AllocationEntry[]>
  /** Makes the view anew from the products. Gives the number of lines. */
  rebuild(): Promise<number>
}

export function statusOf({ batchRef }: { readonly batchRef: string | null }): 'allocated' | 'backordered' {
  return batchRef === null ? 'backordered' : 'allocated'
}

/** What `GET /allocations/:orderId` answers; empty for an order that has no lines. */
export async function allocationsOf(
  orderId: string,
  units: UnitsOfWork<{ readonly allocations: AllocationsView }>,
) {
  const entries = await units.run((unit) => unit.allocations.ofOrder(orderId), { readOnly: true })
  return entries.map(({ sku, qty, batchRef }) => ({ sku, qty, status: statusOf({ batchRef }), batchRef }))
}
