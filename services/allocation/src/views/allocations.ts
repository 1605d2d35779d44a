import type { UnitsOfWork } from '@posthorn/core'

/** Where one line of an order stands. `version` is that of the product when the line got there. */
export interface AllocationEntry {
  readonly orderId: string
  readonly sku: string
  readonly qty: number
  readonly batchRef: string | null
  readonly version: number
}

/**
 * Where each order's lines stand: what is read, and never the products for it. It is written in the unit that changed
 * the product. What comes later is old news, as is what comes with a version that the view has passed, and both are
 * ignored: so no event that is replayed brings back a cancelled line or removes one that was asked for anew.
 */
export interface AllocationsView {
  record(entry: AllocationEntry): Promise<void>
  remove(entry: Pick<AllocationEntry, 'orderId' | 'sku' | 'version'>): Promise<void>
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
