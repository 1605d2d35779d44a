import postgres, { type Sql } from 'postgres'
import type { World } from '../world.ts'
import type {
  BatchRow,
  FactRow,
  InboxRow,
  LineRow,
  NotificationRow,
  OutboxRow,
  SessionRow,
  ViewRow,
  WatchingRow,
} from './facts.ts'

type Service = 'allocation' | 'notifications'

/** Looks into both databases, past the services. */
export async function readStores({ databases }: Pick<World, 'databases'>) {
  const [allocation, notifications] = await Promise.all([
    within(databases.url('allocation'), async (sql) => ({
      batches: await sql<BatchRow[]>`
        select ref, sku, created_qty as "createdQty", purchased_qty as "purchasedQty" from batches`,
      lines: await sql<LineRow[]>`
        select sku, order_id as "orderId", qty, batch_ref as "batchRef" from lines`,
      view: await sql<ViewRow[]>`
        select sku, order_id as "orderId", qty, batch_ref as "batchRef", version from allocations_view`,
      inbox: await inbox(sql, 'allocation'),
      outbox: await outbox(sql, 'allocation'),
    })),
    within(databases.url('notifications'), async (sql) => ({
      notifications: await sql<NotificationRow[]>`
        select id, recipient, caused_by as "causedBy", status from notifications`,
      facts: await sql<FactRow[]>`
        select order_id as "orderId", sku, version, event_id as "eventId" from facts`,
      watching: await sql<WatchingRow[]>`
        select order_id as "orderId", email, event_id as "eventId"
        from fault_machine_watching order by place`,
      inbox: await inbox(sql, 'notifications'),
      outbox: await outbox(sql, 'notifications'),
    })),
  ])
  const { inbox: calls, outbox: outgoing, ...stock } = allocation
  const { inbox: taken, outbox: told, ...mails } = notifications
  return { ...stock, ...mails, inbox: [...calls, ...taken], outboxes: [...outgoing, ...told] }
}

export function readPostgresVersion({ databases }: Pick<World, 'databases'>): Promise<string> {
  return within(databases.url('allocation'), async (sql) => {
    const [row] = await sql<{ version: string }[]>`select current_setting('server_version') as version`
    return row?.version.split(' ')[0] ?? 'unknown'
  })
}

/** The services' sessions with their database; `idle` is how long a session has done nothing inside a transaction. */
export function readSessions({ databases }: Pick<World, 'databases'>): Promise<readonly SessionRow[]> {
  const of = (service: Service) =>
    within(
      databases.url(service),
      (sql) => sql<SessionRow[]>`
        select application_name as service, left(query, 80) as query,
          case when state like 'idle in transaction%'
            then extract(epoch from clock_timestamp() - state_change)::int else 0 end as idle
        from pg_stat_activity where datname = current_database() and application_name = ${service}`,
    )
  return Promise.all([of('allocation'), of('notifications')]).then((each) => each.flat())
}

/** How many entries each outbox still holds. */
export async function readOutboxes({ databases }: Pick<World, 'databases'>): Promise<readonly OutboxRow[]> {
  const of = (service: Service) => within(databases.url(service), (sql) => outbox(sql, service))
  return [...(await of('allocation')), ...(await of('notifications'))]
}

function inbox(sql: Sql, service: Service): Promise<readonly InboxRow[]> {
  return sql<InboxRow[]>`
    select ${service} as service, consumer, source, message_id as "messageId" from posthorn_inbox`
}

function outbox(sql: Sql, service: Service): Promise<readonly OutboxRow[]> {
  return sql<OutboxRow[]>`
    select ${service} as service, type, attempts, reason, died_at is not null as dead from posthorn_outbox`
}

async function within<T>(url: string, ask: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => undefined })
  try {
    return await ask(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}
