import type { Storage } from '@posthorn/chassis'
import { allocation } from '@posthorn/contracts'
import { InMemoryStore, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import type { Repositories } from '../service-layer/unit.ts'
import { inMemoryAllocationsView } from './in-memory-allocations-view.ts'
import { inMemoryProductRepository } from './in-memory-product-repository.ts'
import { inMemoryStockView } from './in-memory-stock-view.ts'

/** Everything in this process, for tests and for a look without a database. */
export function inMemoryStorage(store = new InMemoryStore()): Storage<Repositories, 'allocation'> {
  return {
    units: inMemoryUnitsOfWork({
      domain: allocation,
      store,
      repositories: { products: inMemoryProductRepository },
      adapters: { allocations: inMemoryAllocationsView, stock: inMemoryStockView },
    }),
    outbox: store.queue,
    inbox: store.inbox,
    start: async () => undefined,
    stop: async () => undefined,
  }
}
