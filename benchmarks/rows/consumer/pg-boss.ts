import PgBoss from 'pg-boss'
import postgres from 'postgres'
import { contend } from '../../suite/contender.ts'
import { type OrderShipped, orderShipped } from '../order-shipped.ts'
import { countShipment } from './count-shipment.ts'
import { Meter } from './meter.ts'
import { ORDERS, tables } from './tables.ts'

const QUEUE = 'shipped'

await contend(async ({ databaseUrl }) => {
  const database = await tables(databaseUrl)
  const boss = new PgBoss({ connectionString: databaseUrl, max: 10 })
  boss.on('error', (error) => process.emitWarning(error))
  await boss.start()
  await boss.createQueue(QUEUE)
  const sql = postgres(databaseUrl, { max: 10 })
  const meter = new Meter()

  const work = () =>
    boss.work<OrderShipped>(QUEUE, { batchSize: 1_000, pollingIntervalSeconds: 0.5 }, async (jobs) => {
      await Promise.all(jobs.map(({ id, data }) => meter.measure(() => countShipment(sql, id, data))))
    })
  return {
    async round(size) {
      await database.reset()
      const jobs = Array.from({ length: size }, (_, index) => orderShipped(index % ORDERS))
      await boss.insert(jobs.map((data) => ({ name: QUEUE, data })))
      const handled = meter.from(size)
      await work()
      const seconds = await handled
      await boss.offWork(QUEUE)
      await database.assert(size)
      return { 'messages/s': size / seconds }
    },
    async close() {
      await boss.stop({ graceful: false })
      await Promise.all([sql.end(), database.end()])
    },
  }
})
