import {
  inboxContract,
  localEntriesContract,
  outboxContract,
  repositoryContract,
  type StoreSetup,
  unitOfWorkContract,
} from '@posthorn/core/contract-tests'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, describe, test } from 'vitest'
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

const setup: StoreSetup = (adapters) => marketStore(driver, adapters)

describe('units of work in Postgres', () => unitOfWorkContract(test, setup))
describe('repositories in Postgres', () => repositoryContract(test, setup))
describe('outbox in Postgres', () => outboxContract(test, setup))
describe('local entries in Postgres', () => localEntriesContract(test, setup))
describe('inbox in Postgres', () => inboxContract(test, setup))
