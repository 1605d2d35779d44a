import { inMemoryRepository } from '../../unit-of-work/in-memory-repository.ts'
import type { InMemoryUnit } from '../../unit-of-work/in-memory-transaction.ts'
import { basketMapping } from './market.ts'
import type { BasketRepository } from './store-fixture.ts'

/** The baskets of the suites, in memory. */
export function inMemoryBaskets(unit: InMemoryUnit): BasketRepository {
  const baskets = inMemoryRepository(unit, 'baskets', basketMapping)
  return {
    ...baskets,
    getWithItem: (id, sku, options) =>
      baskets.getPart(
        id,
        ({ children }) => ({ items: (children.items ?? []).filter((item) => item.sku === sku) }),
        options,
      ),
  }
}
