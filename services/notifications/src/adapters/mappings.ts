import type { AggregateMapping } from '@posthorn/core'
import { Notification } from '../domain/notification.ts'
import { type Fact, WatchedOrder } from '../domain/watched-order.ts'
import type { NotificationItem } from '../views/notifications.ts'

export const notificationMapping: AggregateMapping<Notification> = {
  childKeys: {},
  toRows: ({ state }) => ({ root: { ...state }, children: {} }),
  fromRows: ({ root }) => {
    const { id, recipient, subject, text, causedBy, status, sentAt } = root as unknown as NotificationItem
    return new Notification({ id, recipient, subject, text, causedBy, status, sentAt })
  },
}

export const watchedOrderMapping: AggregateMapping<WatchedOrder> = {
  childKeys: { watchers: ['orderId', 'email'], facts: ['orderId', 'sku'] },
  toRows: ({ id, watchers, facts }) => ({
    root: { id },
    children: {
      watchers: watchers.map((email) => ({ orderId: id, email })),
      facts: facts.map(({ kind, sku, qty, batchRef, version, eventId }) => ({
        orderId: id,
        kind,
        sku,
        qty,
        batchRef,
        version,
        eventId,
      })),
    },
  }),
  fromRows: ({ root, children }) =>
    new WatchedOrder(
      root.id as string,
      (children.watchers ?? []).map(({ email }) => email as string),
      (children.facts ?? []) as unknown as readonly Fact[],
    ),
}
