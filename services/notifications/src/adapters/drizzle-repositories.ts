import type { Repository } from '@posthorn/core'
import { type DrizzleUnit, drizzleRepository } from '@posthorn/uow-drizzle'
import { sql } from 'drizzle-orm'
import type { WatchedOrder } from '../domain/watched-order.ts'
import type { NotificationRepository } from '../service-layer/unit.ts'
import { notificationMapping, watchedOrderMapping } from './mappings.ts'
import { facts, notifications, watchedOrders, watchers } from './schema.ts'

export function drizzleNotificationRepository(unit: DrizzleUnit): NotificationRepository {
  const { get, add } = drizzleRepository(unit, { table: notifications, mapping: notificationMapping })
  return {
    get,
    async append(notification) {
      // Until the commit: a position is drawn by one unit at a time.
      await unit.db.execute(sql`select pg_advisory_xact_lock(hashtextextended('end of notifications', 0))`)
      add(notification)
    },
  }
}

export function drizzleOrderRepository(unit: DrizzleUnit): Repository<WatchedOrder> {
  return drizzleRepository(unit, {
    table: watchedOrders,
    children: {
      watchers: { table: watchers, root: watchers.orderId },
      facts: { table: facts, root: facts.orderId },
    },
    mapping: watchedOrderMapping,
  })
}
