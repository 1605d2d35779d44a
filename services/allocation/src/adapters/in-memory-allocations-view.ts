import type { InMemoryUnit } from '@posthorn/core/in-memory'
import { byCodePoints } from '../domain/by-code-points.ts'
import type { AllocationEntry, AllocationsView } from '../views/allocations.ts'
import { PRODUCTS } from './in-memory-product-repository.ts'
import type { ProductRows } from './product-mapping.ts'

export function inMemoryAllocationsView(unit: InMemoryUnit): AllocationsView {
  const table = unit.table<AllocationEntry>('allocations')
  const keyOf = ({ orderId, sku }: Pick<AllocationEntry, 'orderId' | 'sku'>) => JSON.stringify([orderId, sku])
  /** Until the unit ends: whoever writes waits for a rebuild, which waits for whoever writes. */
  const lock = () => unit.transaction.read('allocations view', 'whole', true)
  return {
    async record({ orderId, sku, qty, batchRef, version }) {
      await lock()
      const key = keyOf({ orderId, sku })
      const product = await unit.transaction.read(PRODUCTS, sku, false)
      const passed = Math.max(product?.version ?? 0, table.get(key)?.version ?? 0)
      if (passed < version) table.set(key, { orderId, sku, qty, batchRef, version })
    },
    async remove(line) {
      await lock()
      const known = table.get(keyOf(line))
      if (known !== undefined && known.version < line.version) table.delete(keyOf(line))
    },
    async ofOrder(orderId) {
      return [...table.entries().values()]
        .filter((entry) => entry.orderId === orderId)
        .sort((a, b) => byCodePoints(a.sku, b.sku))
    },
    async rebuild() {
      await lock()
      for (const key of table.entries().keys()) table.delete(key)
      for (const { rows, version } of (await unit.transaction.readAll(PRODUCTS)).values()) {
        for (const { orderId, sku, qty, batchRef } of (rows as ProductRows).children.lines) {
          table.set(keyOf({ orderId, sku }), { orderId, sku, qty, batchRef, version })
        }
      }
      return table.entries().size
    },
  }
}
