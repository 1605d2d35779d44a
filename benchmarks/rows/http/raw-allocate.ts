import { randomUUID } from 'node:crypto'
import type { Sql } from 'postgres'

interface OrderLine {
  readonly orderId: string
  readonly sku: string
  readonly qty: number
}

/** Gives the batch. What needs no answer of the one before goes out with it; all statements are prepared. */
export function allocate(sql: Sql, { orderId, sku, qty }: OrderLine): Promise<string> {
  return sql.begin(async (transaction) => {
    const [[product], [batch], [known]] = await Promise.all([
      transaction`select version, moves from products where sku = ${sku} for update`,
      transaction`
        select ref, allocated_qty from batches
        where sku = ${sku} and ${qty} <= available_qty and available_qty > 0
        order by eta nulls first, ref limit 1`,
      transaction`select batch_ref from lines where sku = ${sku} and order_id = ${orderId}`,
    ])
    if (product === undefined || batch === undefined || known !== undefined) {
      throw new Error('Unknown products, lines that wait and repetitions are not served here')
    }
    const [version, moves] = [product.version + 1, product.moves + 1]
    const id = randomUUID()
    const body = JSON.stringify({ orderId, sku, qty, batchRef: batch.ref, version })
    await Promise.all([
      transaction`update products set version = ${version}, moves = ${moves} where sku = ${sku}`,
      transaction`update batches set allocated_qty = ${batch.allocated_qty + qty} where ref = ${batch.ref}`,
      transaction`
        insert into lines (sku, order_id, qty, batch_ref, position, told)
        values (${sku}, ${orderId}, ${qty}, ${batch.ref}, ${moves}, false)`,
      transaction`
        insert into allocations_view (order_id, sku, qty, batch_ref, version)
        values (${orderId}, ${sku}, ${qty}, ${batch.ref}, ${version})`,
      transaction`
        insert into posthorn_outbox
          (key, depth, message_id, type, kind, version, time, correlation_id, body, available_at)
        values (${sku}, 1, ${id}, 'allocation.Allocated', 'event', 1, ${new Date().toISOString()}, ${id}, ${body},
          clock_timestamp())`,
    ])
    return batch.ref
  }) as Promise<string>
}
