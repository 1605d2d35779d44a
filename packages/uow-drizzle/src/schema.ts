import { sql } from 'drizzle-orm'
import { bigint, index, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

/*
 * The tables as drizzle sees them. Who lets drizzle-kit make the migrations re-exports both from the own schema file;
 * everybody else calls `migrate`. `schema.sql` shows what either comes to.
 */

const time = (name: string) => timestamp(name, { withTimezone: true })

/** Messages that committed transactions still have to pass on. The order of `position` is the order of the queue. */
export const posthornOutbox = pgTable(
  'posthorn_outbox',
  {
    position: bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
    /** The local handler to run; null for the broker. */
    handler: text(),
    key: text(),
    depth: integer().notNull(),
    messageId: text('message_id').notNull(),
    type: text().notNull(),
    kind: text().notNull(),
    version: integer().notNull(),
    time: text().notNull(),
    correlationId: text('correlation_id').notNull(),
    causationId: text('causation_id'),
    traceparent: text(),
    /** The payload as the JSON that goes over the wire. */
    body: text().notNull(),
    createdAt: time('created_at').notNull().default(sql`clock_timestamp()`),
    availableAt: time('available_at').notNull(),
    leasedUntil: time('leased_until'),
    attempts: integer().notNull().default(0),
    reason: text(),
    diedAt: time('died_at'),
  },
  (table) => [
    index('posthorn_outbox_local').on(table.position).where(sql`handler is not null`),
    index('posthorn_outbox_blocked').on(table.key, table.position).where(sql`attempts > 0`),
  ],
)

/** Messages that have been handled, and what that came to. */
export const posthornInbox = pgTable(
  'posthorn_inbox',
  {
    consumer: text().notNull(),
    source: text().notNull(),
    messageId: text('message_id').notNull(),
    fingerprint: text().notNull(),
    receivedAt: time('received_at').notNull().default(sql`clock_timestamp()`),
    /** JSON; null where it is but that all went well. */
    outcome: text(),
  },
  (table) => [
    primaryKey({ columns: [table.consumer, table.source, table.messageId] }),
    index('posthorn_inbox_received_at').on(table.receivedAt),
  ],
)
