import type { Sql, TransactionSql } from 'postgres'
import type { OrderShipped } from '../order-shipped.ts'

/** The handler's work by hand: inbox, order and outbox in one transaction of four flights. */
export async function countShipment(
  sql: Sql,
  messageId: string,
  { orderId }: Pick<OrderShipped, 'orderId'>,
): Promise<void> {
  await sql.begin(async (transaction) => {
    const [claimed, [order]] = await Promise.all([
      transaction`
        insert into posthorn_inbox (consumer, source, message_id, fingerprint, outcome)
        values ('count', 'shipping', ${messageId}, '', '{"ok":true}') on conflict do nothing returning 1`,
      transaction<{ shipments: number }[]>`select shipments from orders where id = ${orderId} for update`,
    ])
    if (claimed.length === 0 || order === undefined) return
    await write(transaction, orderId, order.shipments + 1)
  })
}

async function write(transaction: TransactionSql, orderId: string, shipments: number): Promise<void> {
  const body = JSON.stringify({ orderId, shipments })
  const id = crypto.randomUUID()
  await Promise.all([
    transaction`update orders set shipments = ${shipments}, version = version + 1 where id = ${orderId}`,
    transaction`
      insert into posthorn_outbox
        (depth, message_id, type, kind, version, time, correlation_id, body, available_at)
      values (1, ${id}, 'tracking.ShipmentCounted', 'event', 1, ${new Date().toISOString()}, ${id}, ${body}, now())`,
  ])
}
