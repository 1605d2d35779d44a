import { sql } from 'drizzle-orm'
import { boolean, date, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'

/** As `migrations/` makes them. */
export const products = pgTable('products', {
  id: text('sku').primaryKey(),
  version: integer().notNull(),
  moves: integer().notNull(),
})

export const batches = pgTable('batches', {
  ref: text().primaryKey(),
  sku: text().notNull(),
  createdQty: integer('created_qty').notNull(),
  purchasedQty: integer('purchased_qty').notNull(),
  allocatedQty: integer('allocated_qty').notNull(),
  availableQty: integer('available_qty').notNull().generatedAlwaysAs(sql`purchased_qty - allocated_qty`),
  eta: date(),
})

export const lines = pgTable(
  'lines',
  {
    sku: text().notNull(),
    orderId: text('order_id').notNull(),
    qty: integer().notNull(),
    batchRef: text('batch_ref'),
    position: integer().notNull(),
    told: boolean().notNull(),
  },
  (table) => [primaryKey({ columns: [table.sku, table.orderId] })],
)

export const allocationsView = pgTable(
  'allocations_view',
  {
    orderId: text('order_id').notNull(),
    sku: text().notNull(),
    qty: integer().notNull(),
    batchRef: text('batch_ref'),
    version: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.sku] })],
)
