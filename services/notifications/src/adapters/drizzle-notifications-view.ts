import type { DrizzleUnit } from '@posthorn/uow-drizzle'
import { and, asc, eq, gt } from 'drizzle-orm'
import type { NotificationsView } from '../views/notifications.ts'
import { notifications } from './schema.ts'

const { id, recipient, subject, text, causedBy, sentAt, status, position } = notifications

export function drizzleNotificationsView({ db }: DrizzleUnit): NotificationsView {
  return {
    async page(query) {
      const [start] =
        query.after === undefined
          ? [{ position: 0 }]
          : await db.select({ position }).from(notifications).where(eq(id, query.after))
      if (start === undefined) return undefined
      return db
        .select({ id, recipient, subject, text, causedBy, sentAt, status })
        .from(notifications)
        .where(
          and(
            gt(position, start.position),
            query.recipient === undefined ? undefined : eq(recipient, query.recipient),
          ),
        )
        .orderBy(asc(position))
        .limit(query.limit)
    },
  }
}
