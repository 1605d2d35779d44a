import type { Storage } from '@posthorn/chassis'
import { allocation } from '@posthorn/contracts'
import {
  drizzleInbox,
  drizzleOutboxQueue,
  drizzleUnitsOfWork,
  migrate,
  migrateFolder,
  postgresDriver,
} from '@posthorn/uow-drizzle'
import type { Repositories } from '../service-layer/unit.ts'
import { drizzleAllocationsView } from './drizzle-allocations-view.ts'
import { drizzleProductRepository } from './drizzle-product-repository.ts'

const MIGRATIONS = new URL('../../migrations/', import.meta.url)

export function postgresStorage(url: string): Storage<Repositories, 'allocation'> {
  const driver = postgresDriver(url, { applicationName: allocation.name })
  return {
    units: drizzleUnitsOfWork({
      domain: allocation,
      driver,
      repositories: { products: drizzleProductRepository },
      adapters: { allocations: drizzleAllocationsView },
    }),
    outbox: drizzleOutboxQueue(driver),
    inbox: drizzleInbox(driver),
    start: async () => {
      await migrate(driver)
      await migrateFolder(driver, MIGRATIONS, 'allocation_migrations')
    },
    stop: () => driver.end(),
  }
}
