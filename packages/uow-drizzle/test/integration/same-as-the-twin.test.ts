import { inMemoryBaskets, market, storeHistory } from '@posthorn/core/contract-tests'
import { InMemoryStore, inMemoryUnitsOfWork } from '@posthorn/core/in-memory'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketStore } from '../market-store.ts'

let database: FreshDatabase
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  driver = postgresDriver(database.url)
  await createMarket(driver)
})

afterAll(async () => {
  await driver.end()
  await database.dispose()
})

const seeds = process.env.POSTHORN_TEST_FULL === '1' ? 100 : 4
const probe = () => ({ disposed: false, [Symbol.asyncDispose]: async () => undefined })

function twin() {
  const store = new InMemoryStore()
  const units = inMemoryUnitsOfWork({
    domain: market,
    store,
    repositories: { baskets: inMemoryBaskets },
    adapters: { probe },
  })
  return { units, queue: store.queue }
}

test.each(Array.from({ length: seeds }, (_, index) => index + 1))(
  'Postgres does what its twin in memory does, seed %i',
  async (seed) => {
    await using fixture = await marketStore(driver, { probe })

    expect(await storeHistory(fixture, seed, `play-${seed}`, 1_000)).toEqual(
      await storeHistory(twin(), seed, `play-${seed}`, 20),
    )
  },
  60_000,
)
