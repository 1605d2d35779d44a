import { bootstrap as bootstrapAllocation, loadConfig as loadAllocationConfig } from '@posthorn/allocation'
import { system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { InMemoryBroker, inMemoryExternalBus } from '@posthorn/core/in-memory'
import {
  bootstrap as bootstrapNotifications,
  loadConfig as loadNotificationsConfig,
} from '@posthorn/notifications'
import { createDatabases } from '../running-system/databases.ts'
import { startMailCatcher } from '../running-system/mail-catcher.ts'
import type { DemoServices } from './demo-services.ts'
import type { DemoOptions } from './options.ts'

/** Both services in this process, on the in-memory external bus: for a machine where no broker can be had. */
export async function startInOneProcess(options: DemoOptions, databaseUrl: string): Promise<DemoServices> {
  const databases = await createDatabases(databaseUrl, 'posthorn_demo', ['allocation', 'notifications'])
  const mail = await startMailCatcher()
  const broker = new InMemoryBroker({ plan: planSystem(system) })
  const common = { POSTHORN_AMQP_URL: 'amqp://in-memory', SMTP_URL: mail.url, LOG_LEVEL: 'error' }

  const allocation = await bootstrapAllocation(
    loadAllocationConfig({
      ...common,
      DATABASE_URL: databases.url('allocation'),
      ALLOCATION_PORT: String(options.allocationPort),
    }),
    { externalBus: inMemoryExternalBus({ domain: 'allocation', system, broker }) },
  )
  const notifications = await bootstrapNotifications(
    loadNotificationsConfig({
      ...common,
      DATABASE_URL: databases.url('notifications'),
      NOTIFICATIONS_PORT: String(options.notificationsPort),
    }),
    { externalBus: inMemoryExternalBus({ domain: 'notifications', system, broker }) },
  )
  return {
    allocationUrl: await allocation.start(),
    notificationsUrl: await notifications.start(),
    databaseUrl,
    brokerUrl: undefined,
    credentialsPath: undefined,
    mail,
    failed: new Promise(() => undefined),
    stop: async () => {
      await Promise.all([allocation.stop(), notifications.stop()])
      await mail.stop()
      await databases.drop()
    },
  }
}
