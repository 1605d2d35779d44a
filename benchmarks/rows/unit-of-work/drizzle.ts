import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { contendChanging } from './contend-changing.ts'
import { orderLines, orders, outbox } from './order-tables.ts'
import { lineChanged } from './orders.ts'

await contendChanging(async (url, max, argument) => {
  const sql = postgres(url, { max, onnotice: () => undefined })
  const db = drizzle(sql)
  /** Sends it: as it is, or as a prepared statement. */
  const run = <T>(query: PromiseLike<T> & Preparable<T>, name: string): Promise<T> =>
    argument === 'prepared' ? query.prepare(name).execute() : Promise.resolve(query)
  return {
    async change(orderId, sku) {
      await db.transaction(async (tx) => {
        const [[order], lines] = await Promise.all([
          run(tx.select().from(orders).where(eq(orders.id, orderId)).for('update'), 'order'),
          run(tx.select().from(orderLines).where(eq(orderLines.orderId, orderId)), 'lines'),
        ])
        const line = lines.find((candidate) => candidate.sku === sku)
        if (order === undefined || line === undefined) throw new Error(`There is no ${sku} in ${orderId}`)
        const [total, qty] = [order.total + 1, line.qty + 1]
        const ofOrder = and(eq(orders.id, orderId), eq(orders.version, order.version))
        const ofLine = and(eq(orderLines.orderId, orderId), eq(orderLines.sku, sku))
        const version = order.version + 1
        const [changed] = await Promise.all([
          run(
            tx.update(orders).set({ total, version }).where(ofOrder).returning({ id: orders.id }),
            'change',
          ),
          run(tx.update(orderLines).set({ qty }).where(ofLine), 'changeLine'),
          run(tx.insert(outbox).values(lineChanged(orderId, sku, qty, total)), 'message'),
        ])
        if (changed.length !== 1) throw new Error(`${orderId} was changed by somebody else`)
      })
    },
    end: () => sql.end(),
  }
})

interface Preparable<T> {
  prepare(name: string): { execute(): Promise<T> }
}
