import postgres, { type ISql, type Row } from 'postgres'
import { contendChanging } from './contend-changing.ts'
import { lineChanged } from './orders.ts'

await contendChanging(async (url, max, argument) => {
  const sql = postgres(url, { max, onnotice: () => undefined })
  const inTransaction = (orderId: string, sku: string) =>
    sql.begin(async (transaction) => {
      const [[order], lines] = await Promise.all(reads(transaction, orderId))
      const [changed] = await Promise.all(writes(transaction, orderId, sku, order, lines))
      if (changed.count !== 1) throw new Error(`${orderId} was changed by somebody else`)
    })
  /** Its row being locked, nobody else can change the order, so that the commit need not wait for that answer. */
  const inTwoFlights = async (orderId: string, sku: string) => {
    const reserved = await sql.reserve()
    try {
      const [, [order], lines] = await Promise.all([reserved`begin`, ...reads(reserved, orderId)])
      await Promise.all([...writes(reserved, orderId, sku, order, lines), reserved`commit`])
    } catch (error) {
      await reserved`rollback`
      throw error
    } finally {
      reserved.release()
    }
  }
  const change = argument === 'reserved' ? inTwoFlights : inTransaction
  return {
    async change(orderId, sku) {
      await change(orderId, sku)
    },
    end: () => sql.end(),
  }
})

function reads(sql: ISql, orderId: string) {
  return [
    sql`select id, version, customer, total from orders where id = ${orderId} for update`,
    sql`select order_id, sku, qty from order_lines where order_id = ${orderId}`,
  ] as const
}

function writes(sql: ISql, orderId: string, sku: string, order: Row | undefined, lines: readonly Row[]) {
  const line = lines.find((candidate) => candidate.sku === sku)
  if (order === undefined || line === undefined) throw new Error(`There is no ${sku} in ${orderId}`)
  const [total, qty] = [order.total + 1, line.qty + 1]
  return [
    sql`update orders set total = ${total}, version = ${order.version + 1}
      where id = ${orderId} and version = ${order.version}`,
    sql`update order_lines set qty = ${qty} where order_id = ${orderId} and sku = ${sku}`,
    insertMessage(sql, lineChanged(orderId, sku, qty, total)),
  ] as const
}

function insertMessage(sql: ISql, message: ReturnType<typeof lineChanged>) {
  const { key, depth, messageId, type, kind, version, time, correlationId, body, availableAt } = message
  return sql`
    insert into posthorn_outbox
      (key, depth, message_id, type, kind, version, time, correlation_id, body, available_at)
    values (${key}, ${depth}, ${messageId}, ${type}, ${kind}, ${version}, ${time}, ${correlationId}, ${body},
      ${availableAt})`
}
