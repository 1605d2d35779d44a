import type { UnitsOfWork } from '@posthorn/core'

export interface NotificationItem {
  readonly id: string
  readonly recipient: string
  readonly subject: string
  readonly text: string
  readonly causedBy: string
  readonly sentAt: string | null
  readonly status: 'pending' | 'sent' | 'failed'
}

export interface NotificationQuery {
  readonly recipient: string | undefined
  /** The id of an item: what stands after it. */
  readonly after: string | undefined
  readonly limit: number
}

export interface NotificationsView {
  /** In the order in which they were stored. Undefined when there is no item `after`. */
  page(query: NotificationQuery): Promise<readonly NotificationItem[] | undefined>
}

/** What `GET /notifications` answers; `next` is null on the last page. */
export async function notificationsPage(
  query: NotificationQuery,
  units: UnitsOfWork<{ readonly list: NotificationsView }>,
) {
  const found = await units.run((unit) => unit.list.page({ ...query, limit: query.limit + 1 }), {
    readOnly: true,
  })
  if (found === undefined) return undefined
  const items = found.slice(0, query.limit)
  return { items, next: found.length > query.limit ? (items.at(-1)?.id ?? null) : null }
}
