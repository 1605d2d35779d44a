import { describe, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { inboxContract } from '../../src/contract-tests/inbox/inbox-contract.ts'
import { localEntriesContract } from '../../src/contract-tests/outbox/local-entries-contract.ts'
import { outboxContract } from '../../src/contract-tests/outbox/outbox-contract.ts'
import { repositoryContract } from '../../src/contract-tests/repository/repository-contract.ts'
import { inMemoryBaskets } from '../../src/contract-tests/unit-of-work/in-memory-baskets.ts'
import { market } from '../../src/contract-tests/unit-of-work/market.ts'
import type { StoreSetup } from '../../src/contract-tests/unit-of-work/store-fixture.ts'
import { unitOfWorkContract } from '../../src/contract-tests/unit-of-work/unit-of-work-contract.ts'
import { InMemoryStore } from '../../src/unit-of-work/in-memory-store.ts'
import { inMemoryUnitsOfWork } from '../../src/unit-of-work/in-memory-units-of-work.ts'

const setup: StoreSetup = async (adapters) => {
  let elapsed = 0
  const clock = { ...systemClock, now: () => systemClock.now() + elapsed }
  const store = new InMemoryStore({ clock })
  const units = inMemoryUnitsOfWork({
    domain: market,
    store,
    repositories: { baskets: inMemoryBaskets },
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

describe('units of work in memory', () => unitOfWorkContract(test, setup))
describe('repositories in memory', () => repositoryContract(test, setup))
describe('outbox in memory', () => outboxContract(test, setup))
describe('local entries in memory', () => localEntriesContract(test, setup))
describe('inbox in memory', () => inboxContract(test, setup))
