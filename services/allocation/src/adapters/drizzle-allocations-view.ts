import type { DrizzleUnit } from '@posthorn/uow-drizzle'
import { and, asc, eq, lt, sql } from 'drizzle-orm'
import type { AllocationsView } from '../views/allocations.ts'
import { allocationsView, lines, products } from './schema.ts'

export function drizzleAllocationsView({ db }: DrizzleUnit): AllocationsView {
  return {
    async record({ orderId, sku, qty, batchRef, version }) {
      await db.execute(sql`
        insert into ${allocationsView} (order_id, sku, qty, batch_ref, version)
        select ${orderId}, ${sku}, ${qty}::integer, ${batchRef}, ${version}::integer
        where not exists (
          select from ${products} where ${products.id} = ${sku} and ${products.version} >= ${version}
        )
        on conflict (order_id, sku) do update
        set qty = excluded.qty, batch_ref = excluded.batch_ref, version = excluded.version
        where ${allocationsView.version} < excluded.version`)
    },

    async remove({ orderId, sku, version }) {
      const line = and(eq(allocationsView.orderId, orderId), eq(allocationsView.sku, sku))
      await db.delete(allocationsView).where(and(line, lt(allocationsView.version, version)))
    },

    ofOrder: (orderId) =>
      db
        .select()
        .from(allocationsView)
        .where(eq(allocationsView.orderId, orderId))
        .orderBy(asc(allocationsView.sku)),

    async rebuild() {
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
