import { migrate, postgresDriver } from '@posthorn/uow-drizzle'
import postgres from 'postgres'
import { orderShipped } from '../order-shipped.ts'

/** Posthorn's outbox table, for everybody who reads one. */
export async function outbox(databaseUrl: string) {
  await using driver = postgresDriver(databaseUrl)
  await migrate(driver)
  const sql = postgres(databaseUrl, { max: 1 })
  return {
    async fill(size: number): Promise<void> {
      const bodies = Array.from({ length: size }, (_, index) => JSON.stringify(orderShipped(index)))
      await sql`truncate posthorn_outbox`
      await sql`
        insert into posthorn_outbox
          (key, depth, message_id, type, kind, version, time, correlation_id, body, available_at)
        select 'order-' || n, 1, gen_random_uuid(), 'shipping.OrderShipped', 'event', 1, '2026-01-01T00:00:00.000Z',
          gen_random_uuid(), body, clock_timestamp()
        from unnest(${bodies}::text[]) with ordinality as event (body, n)`
      await sql`vacuum analyze posthorn_outbox`
    },
    async assertEmpty(): Promise<void> {
      const left = await sql`select 1 from posthorn_outbox`
      if (left.length > 0) throw new Error(`${left.length} entries are left in the outbox`)
    },
    end: () => sql.end(),
  }
}
