import { bigint, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'

/** As `migrations/` makes them. */
export const notifications = pgTable('notifications', {
  id: uuid().primaryKey(),
  version: integer().notNull(),
  position: bigint({ mode: 'number' }).generatedAlwaysAsIdentity(),
  recipient: text().notNull(),
  subject: text().notNull(),
  text: text().notNull(),
  causedBy: text('caused_by').notNull(),
  status: text({ enum: ['pending', 'sent', 'failed'] }).notNull(),
  sentAt: text('sent_at'),
})

export const watchedOrders = pgTable('watched_orders', {
  id: text('order_id').primaryKey(),
  version: integer().notNull(),
})

export const watchers = pgTable(
  'watchers',
  { orderId: text('order_id').notNull(), email: text().notNull() },
  (table) => [primaryKey({ columns: [table.orderId, table.email] })],
)

export const facts = pgTable(
  'facts',
  {
    orderId: text('order_id').notNull(),
    sku: text().notNull(),
    kind: text({ enum: ['allocated', 'deallocated', 'cancelled'] }).notNull(),
    qty: integer().notNull(),
    batchRef: text('batch_ref'),
    version: integer().notNull(),
    eventId: text('event_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.sku] })],
)
