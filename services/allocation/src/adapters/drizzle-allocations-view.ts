import type { DrizzleUnit } from '@posthorn/uow-drizzle'
import { asc, eq, sql } from 'drizzle-orm'
import type { AllocationsView } from '../views/allocations.ts'
import { allocationsView, lines, products } from './schema.ts'

/** Whatever is older than the view or the product is ignored. */
const RECORD = `
  insert into allocations_view (order_id, sku, qty, batch_ref, version)
  select $1::text, $2::text, $3::integer, $4::text, $5::integer
  where not exists (select from products where sku = $2 and version >= $5)
  on conflict (order_id, sku) do update
  set qty = excluded.qty, batch_ref = excluded.batch_ref, version = excluded.version
  where allocations_view.version < excluded.version`

const REMOVE = 'delete from allocations_view where order_id = $1 and sku = $2 and version < $3'

/** Entries are written with the commit: no unit reads what it records. */
export function drizzleAllocationsView(unit: DrizzleUnit): AllocationsView {
  return {
    async record({ orderId, sku, qty, batchRef, version }) {
      unit.transaction.runAtCommit(RECORD, [orderId, sku, qty, batchRef, version])
    },

    async remove({ orderId, sku, version }) {
      unit.transaction.runAtCommit(REMOVE, [orderId, sku, version])
    },

    ofOrder: (orderId) =>
      unit.db
        .select()
        .from(allocationsView)
        .where(eq(allocationsView.orderId, orderId))
        .orderBy(asc(allocationsView.sku)),

    async rebuild() {
      const { db } = unit
      // Whoever writes an entry commits before this reads, or waits until this has ended.
      await db.execute(sql`lock table ${allocationsView} in exclusive mode`)
      await db.delete(allocationsView)
      const standing = db
        .select({
          orderId: lines.orderId,
          sku: lines.sku,
          qty: lines.qty,
          batchRef: lines.batchRef,
          version: products.version,
        })
        .from(lines)
        .innerJoin(products, eq(products.id, lines.sku))
      await db.insert(allocationsView).select(standing)
      return db.$count(allocationsView)
    },
  }
}
