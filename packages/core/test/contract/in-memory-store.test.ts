import { describe, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { inboxSuite } from '../../src/contract-tests/inbox/inbox-suite.ts'
import { localEntriesSuite } from '../../src/contract-tests/outbox/local-entries-suite.ts'
import { outboxSuite } from '../../src/contract-tests/outbox/outbox-suite.ts'
import { repositorySuite } from '../../src/contract-tests/repository/repository-suite.ts'
import { basketMapping, market } from '../../src/contract-tests/unit-of-work/market.ts'
import type { StoreSetup } from '../../src/contract-tests/unit-of-work/store-fixture.ts'
import { unitOfWorkSuite } from '../../src/contract-tests/unit-of-work/unit-of-work-suite.ts'
import { inMemoryRepository } from '../../src/unit-of-work/in-memory-repository.ts'
import { InMemoryStore } from '../../src/unit-of-work/in-memory-store.ts'
import { inMemoryUnitsOfWork } from '../../src/unit-of-work/in-memory-units-of-work.ts'

const setup: StoreSetup = async (adapters) => {
  let elapsed = 0
  const clock = { ...systemClock, now: () => systemClock.now() + elapsed }
  const store = new InMemoryStore({ clock })
  const units = inMemoryUnitsOfWork({
    domain: market,
    store,
    repositories: { baskets: (unit) => inMemoryRepository(unit, 'baskets', basketMapping) },
    adapters,
  })
  return {
    units,
    queue: store.queue,
    inbox: store.inbox,
    elapse: async (ms) => {
      elapsed += ms
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

describe('units of work in memory', () => unitOfWorkSuite(test, setup))
describe('repositories in memory', () => repositorySuite(test, setup))
describe('outbox in memory', () => outboxSuite(test, setup))
describe('local entries in memory', () => localEntriesSuite(test, setup))
describe('inbox in memory', () => inboxSuite(test, setup))
