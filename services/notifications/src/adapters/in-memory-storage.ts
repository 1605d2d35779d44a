import type { Storage } from '@posthorn/chassis'
import { notifications } from '@posthorn/contracts'
import {
  InMemoryStore,
  type InMemoryUnit,
  inMemoryRepository,
  inMemoryUnitsOfWork,
} from '@posthorn/core/in-memory'
import type { NotificationRepository, Repositories } from '../service-layer/unit.ts'
import type { NotificationItem, NotificationsView } from '../views/notifications.ts'
import { notificationMapping, watchedOrderMapping } from './mappings.ts'

const NOTIFICATIONS = 'notifications'

/** Everything in this process, for tests and for a look without a database. */
export function inMemoryStorage(store = new InMemoryStore()): Storage<Repositories, 'notifications'> {
  return {
    units: inMemoryUnitsOfWork({
      domain: notifications,
      store,
      repositories: {
        notifications: notificationRepository,
        orders: (unit: InMemoryUnit) => inMemoryRepository(unit, 'orders', watchedOrderMapping),
      },
      adapters: { list: notificationsView },
    }),
    outbox: store.queue,
    inbox: store.inbox,
    start: async () => undefined,
    stop: async () => undefined,
  }
}

function notificationRepository(unit: InMemoryUnit): NotificationRepository {
  const { get, add } = inMemoryRepository(unit, NOTIFICATIONS, notificationMapping)
  return { get, append: async (notification) => add(notification) }
}

function notificationsView(unit: InMemoryUnit): NotificationsView {
  return {
    async page({ recipient, after, limit }) {
      const stored = await unit.transaction.readAll(NOTIFICATIONS)
      const items = [...stored.values()].map(({ rows }) => rows.root as unknown as NotificationItem)
      const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1
      if (after !== undefined && start === 0) return undefined
      return items
        .slice(start)
        .filter((item) => recipient === undefined || item.recipient === recipient)
        .slice(0, limit)
    },
  }
}
