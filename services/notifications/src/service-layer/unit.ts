import type { Repository, UnitOfWork } from '@posthorn/core'
import type { Notification } from '../domain/notification.ts'
import type { WatchedOrder } from '../domain/watched-order.ts'
import type { NotificationsView } from '../views/notifications.ts'

export interface NotificationRepository extends Omit<Repository<Notification>, 'add' | 'remove'> {
  /** Adds at the end: what commits later stands later, so that who reads on from an item misses none. */
  append(notification: Notification): Promise<void>
}

export interface Repositories {
  readonly notifications: NotificationRepository
  readonly orders: Repository<WatchedOrder>
  readonly list: NotificationsView
}

export type Unit = UnitOfWork<Repositories, 'notifications'>
