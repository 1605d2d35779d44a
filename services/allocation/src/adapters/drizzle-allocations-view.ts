import type { DrizzleUnit } from '@posthorn/uow-drizzle'
import { eq, sql } from 'drizzle-orm'
import type { AllocationsView } from '../views/allocations.ts'
import { allocationsView, orderLines, products } from './schema.ts'

export function drizzleAllocationsView({ db }: DrizzleUnit): AllocationsView {
  return {
    async record({ orderId, sku, qty, batchRef, version }) {
      await db
        .insert(allocationsView)
        .values({ orderId, sku, qty, batchRef, version })
        .onConflictDoUpdate({
          target: [allocationsView.orderId, allocationsView.sku],
          set: { qty, batchRef, version },
          setWhere: sql`${allocationsView.version} < ${version}`,
        })
    },

    ofOrder: (orderId) =>
      db
        .select()
        .from(allocationsView)
        .where(eq(allocationsView.orderId, orderId))
        .orderBy(sql`${allocationsView.sku} collate "C"`),

    async rebuild() {
      // Whoever writes an entry commits before this reads, or waits until this has ended.
      await db.execute(sql`lock table ${allocationsView} in exclusive mode`)
      await db.delete(allocationsView)
      const lines = db
        .select({
          orderId: orderLines.orderId,
          sku: orderLines.sku,
          qty: orderLines.qty,
          batchRef: orderLines.batchRef,
          version: products.version,
        })
        .from(orderLines)
        .innerJoin(products, eq(products.id, orderLines.sku))
      await db.insert(allocationsView).select(lines)
      return db.$count(allocationsView)
    },
  }
}
