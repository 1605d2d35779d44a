import type { InMemoryUnit } from '@posthorn/core/in-memory'
import type { AllocationEntry, AllocationsView } from '../views/allocations.ts'
import { PRODUCTS } from './in-memory-product-repository.ts'
import type { ProductRows } from './product-mapping.ts'

export function inMemoryAllocationsView(unit: InMemoryUnit): AllocationsView {
  const table = unit.table<AllocationEntry>('allocations')
  const record = ({ orderId, sku, qty, batchRef, version }: AllocationEntry) => {
    const key = JSON.stringify([orderId, sku])
    const known = table.get(key)
    if (known !== undefined && known.version >= version) return
    table.set(key, { orderId, sku, qty, batchRef, version })
  }
  return {
    async record(entry) {
      record(entry)
    },
    async ofOrder(orderId) {
      return [...table.entries().values()]
        .filter((entry) => entry.orderId === orderId)
        .sort((a, b) => (a.sku < b.sku ? -1 : 1))
    },
    async rebuild() {
      for (const key of table.entries().keys()) table.delete(key)
      for (const { rows, version } of (await unit.transaction.readAll(PRODUCTS)).values()) {
        const { children } = rows as ProductRows
        for (const line of children.lines) record({ ...line, version })
      }
      return table.entries().size
    },
  }
}
