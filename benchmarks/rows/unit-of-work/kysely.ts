import { type Generated, Kysely, PostgresDialect } from 'kysely'
import { Pool } from 'pg'
import { contendChanging } from './contend-changing.ts'
import { lineChanged } from './orders.ts'

interface Tables {
  orders: { id: string; version: number; customer: string; total: number }
  order_lines: { order_id: string; sku: string; qty: number }
  posthorn_outbox: {
    position: Generated<bigint>
    key: string
    depth: number
    message_id: string
    type: string
    kind: string
    version: number
    time: string
    correlation_id: string
    body: string
    available_at: Date
  }
}

await contendChanging(async (connectionString, max) => {
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: new Pool({ connectionString, max }) }),
  })
  return {
    async change(orderId, sku) {
      await db.transaction().execute(async (trx) => {
        const order = await trx
          .selectFrom('orders')
          .selectAll()
          .where('id', '=', orderId)
          .forUpdate()
          .executeTakeFirstOrThrow()
        const lines = await trx
          .selectFrom('order_lines')
          .selectAll()
          .where('order_id', '=', orderId)
          .execute()
        const line = lines.find((candidate) => candidate.sku === sku)
        if (line === undefined) throw new Error(`There is no ${sku} in ${orderId}`)
        const [total, qty] = [order.total + 1, line.qty + 1]
        const { numUpdatedRows } = await trx
          .updateTable('orders')
          .set({ total, version: order.version + 1 })
          .where('id', '=', orderId)
          .where('version', '=', order.version)
          .executeTakeFirstOrThrow()
        if (numUpdatedRows !== 1n) throw new Error(`${orderId} was changed by somebody else`)
        await trx
          .updateTable('order_lines')
          .set({ qty })
          .where('order_id', '=', orderId)
          .where('sku', '=', sku)
          .execute()
        const { messageId, correlationId, availableAt, ...rest } = lineChanged(orderId, sku, qty, total)
        await trx
          .insertInto('posthorn_outbox')
          .values({
            ...rest,
            message_id: messageId,
            correlation_id: correlationId,
            available_at: availableAt,
          })
          .execute()
      })
    },
    end: () => db.destroy(),
  }
})
