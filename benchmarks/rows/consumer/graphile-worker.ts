import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import postgres from 'postgres'
import { contend } from '../../suite/contender.ts'
import { type OrderShipped, orderShipped } from '../order-shipped.ts'
import { countShipment } from './count-shipment.ts'
import { Meter } from './meter.ts'
import { ORDERS, tables } from './tables.ts'

await contend(async ({ databaseUrl: connectionString }) => {
  const database = await tables(connectionString)
  const logger = new Logger(() => () => undefined)
  const utils = await makeWorkerUtils({ connectionString, logger })
  await utils.migrate()
  const sql = postgres(connectionString, { max: 10 })
  const meter = new Meter()

  const work = () =>
    run({
      preset: {
        worker: {
          connectionString,
          concurrentJobs: 20,
          maxPoolSize: 10,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
      logger,
      noHandleSignals: true,
      taskList: {
        count: (payload, { job }) =>
          meter.measure(() => countShipment(sql, String(job.id), payload as OrderShipped)),
      },
    })
  return {
    async round(size) {
      await database.reset()
      const payloads = Array.from({ length: size }, (_, index) => orderShipped(index % ORDERS))
      await utils.addJobs(payloads.map((payload) => ({ identifier: 'count', payload })))
      const handled = meter.from(size)
      const runner = await work()
      const seconds = await handled
      await runner.stop()
      await database.assert(size)
      return { 'messages/s': size / seconds }
    },
    async close() {
      await utils.release()
      await Promise.all([sql.end(), database.end()])
    },
  }
})
