import { randomUUID } from 'node:crypto'
import { migrate, postgresDriver } from '@posthorn/uow-drizzle'
import type { Sql } from 'postgres'

/** Orders, in each of which there are so many lines. */
export const ORDERS = 1_000
export const LINES = 5

/** The tables of all contenders, filled: orders with their lines, and an outbox. */
export async function createOrders(sql: Sql, databaseUrl: string): Promise<void> {
  await using driver = postgresDriver(databaseUrl, { max: 1 })
  await migrate(driver)
  await sql.unsafe(`
    create table orders (id text primary key, version integer not null, customer text not null,
      total integer not null);
    create table order_lines (order_id text not null references orders, sku text not null, qty integer not null,
      primary key (order_id, sku));
    insert into orders select 'order-' || n, 1, 'customer-' || n, ${LINES}
      from generate_series(0, ${ORDERS - 1}) as n;
    insert into order_lines select 'order-' || n, 'sku-' || m, 1
      from generate_series(0, ${ORDERS - 1}) as n, generate_series(0, ${LINES - 1}) as m;
    analyze orders, order_lines`)
}

/** Those at work at the same time are different ones. */
export function orderOf(index: number): { readonly orderId: string; readonly sku: string } {
  return { orderId: `order-${index % ORDERS}`, sku: `sku-${index % LINES}` }
}

/** What the change of a line tells, as a row of the outbox. */
export function lineChanged(orderId: string, sku: string, qty: number, total: number) {
  const id = randomUUID()
  return {
    key: orderId,
    depth: 0,
    messageId: id,
    type: 'shop.LineChanged',
    kind: 'event',
    version: 1,
    time: new Date().toISOString(),
    correlationId: id,
    body: JSON.stringify({ orderId, sku, qty, total }),
    availableAt: new Date(),
  }
}

interface Stock {
  readonly changes: number
  readonly messages: number
}

/** What the tables tell: how often a line was changed since they were made, and how many messages wait. */
export async function lookAt(sql: Sql): Promise<Stock> {
  const [stock] = await sql<[Stock & { readonly lines: number; readonly versions: number }]>`
    select (select sum(total) - ${ORDERS * LINES} from orders)::int as changes,
      (select sum(version) - ${ORDERS} from orders)::int as versions,
      (select sum(qty) - ${ORDERS * LINES} from order_lines)::int as lines,
      (select count(*) from posthorn_outbox where handler is null)::int as messages`
  if (stock.lines !== stock.changes || stock.versions !== stock.changes) {
    throw new Error(`Not one change for each version: ${JSON.stringify(stock)}`)
  }
  return stock
}
