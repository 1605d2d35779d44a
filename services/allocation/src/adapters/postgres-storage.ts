import type { Storage } from '@posthorn/chassis'
import { allocation } from '@posthorn/contracts'
import type { Telemetry } from '@posthorn/core'
import {
  drizzleInbox,
  drizzleOutboxQueue,
  drizzleUnitsOfWork,
  migrate,
  migrateFolder,
  postgresDriver,
} from '@posthorn/uow-drizzle'
import type { Config } from '../config.ts'
import type { Repositories } from '../service-layer/unit.ts'
import { drizzleAllocationsView } from './drizzle-allocations-view.ts'
import { drizzleProductRepository } from './drizzle-product-repository.ts'
import { drizzleStockView } from './drizzle-stock-view.ts'

/** A burst waits for its turn; what sheds load is the cap on the outbox. In ms. */
const ACQUIRE_TIMEOUT = 25_000

const MIGRATIONS = new URL('../../migrations/', import.meta.url)

export function postgresStorage(
  { url, ...tls }: Config['database'],
  telemetry?: Telemetry,
): Storage<Repositories, 'allocation'> {
  const driver = postgresDriver(url, { ...tls, applicationName: allocation.name, telemetry })
  return {
    units: drizzleUnitsOfWork({
      domain: allocation,
      driver,
      telemetry,
      defaults: { acquireTimeout: ACQUIRE_TIMEOUT },
      repositories: { products: drizzleProductRepository },
      adapters: { allocations: drizzleAllocationsView, stock: drizzleStockView },
    }),
    outbox: drizzleOutboxQueue(driver),
    inbox: drizzleInbox(driver),
    start: async () => {
      await migrate(driver)
      await migrateFolder(driver, MIGRATIONS, 'allocation_migrations')
    },
    stop: (patience) => driver.end(patience),
  }
}
