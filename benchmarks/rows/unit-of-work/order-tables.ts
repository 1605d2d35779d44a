import { bigint, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

export const orders = pgTable('orders', {
  id: text().primaryKey(),
  version: integer().notNull(),
  customer: text().notNull(),
  total: integer().notNull(),
})

export const orderLines = pgTable(
  'order_lines',
  {
    orderId: text('order_id').notNull(),
    sku: text().notNull(),
    qty: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.sku] })],
)

/** What of the outbox a message needs. */
export const outbox = pgTable('posthorn_outbox', {
  position: bigint({ mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
  key: text(),
  depth: integer().notNull(),
  messageId: text('message_id').notNull(),
  type: text().notNull(),
  kind: text().notNull(),
  version: integer().notNull(),
  time: text().notNull(),
  correlationId: text('correlation_id').notNull(),
  body: text().notNull(),
  availableAt: timestamp('available_at', { withTimezone: true }).notNull(),
})
