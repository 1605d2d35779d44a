import type { Storage } from '@posthorn/chassis'
import { notifications } from '@posthorn/contracts'
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
import { drizzleNotificationsView } from './drizzle-notifications-view.ts'
import { drizzleNotificationRepository, drizzleOrderRepository } from './drizzle-repositories.ts'

/** A burst waits for its turn; what sheds load is the cap on the outbox. In ms. */
const ACQUIRE_TIMEOUT = 25_000

const MIGRATIONS = new URL('../../migrations/', import.meta.url)

export function postgresStorage(
  { url, ...tls }: Config['database'],
  telemetry?: Telemetry,
): Storage<Repositories, 'notifications'> {
  const driver = postgresDriver(url, { ...tls, applicationName: notifications.name, telemetry })
  return {
    units: drizzleUnitsOfWork({
      domain: notifications,
      driver,
      telemetry,
      defaults: { acquireTimeout: ACQUIRE_TIMEOUT },
      repositories: { notifications: drizzleNotificationRepository, orders: drizzleOrderRepository },
      adapters: { list: drizzleNotificationsView },
    }),
    outbox: drizzleOutboxQueue(driver),
    inbox: drizzleInbox(driver),
    start: async () => {
      await migrate(driver)
      await migrateFolder(driver, MIGRATIONS, 'notifications_migrations')
    },
    stop: (patience) => driver.end(patience),
  }
}
