import { http } from './http.ts'

/** A notification as `GET /notifications` shows it. */
export interface Notification {
  readonly id: string
  readonly recipient: string
  readonly subject: string
  readonly text: string
  readonly causedBy: string
  readonly status: string
}

/** All notifications in their order, read page by page; what is read when all is quiet will not change. */
export interface NotificationLog {
  readonly known: readonly Notification[]
  catchUp(): Promise<readonly Notification[]>
}

export function notificationLog(url: string): NotificationLog {
  const known: Notification[] = []
  return {
    known,
    catchUp: async () => {
      for (let more = true; more; ) {
        const last = known.at(-1)
        const after = last === undefined ? '' : `&after=${last.id}`
        const { body } = await http('GET', `${url}/notifications?limit=200${after}`)
        const { items, next } = body as { items: readonly Notification[]; next: string | null }
        known.push(...items)
        more = next !== null
      }
      return known
    },
  }
}
