import postgres from 'postgres'
import { contend } from '../../suite/contender.ts'
import { arrivals } from '../arrivals.ts'
import { confirmedPublisher } from '../confirmed-publisher.ts'
import { declareShippedQueue, SHIPPED_QUEUE } from '../shipped-queue.ts'
import { outbox } from './outbox.ts'

const BATCH = 200

await contend(async ({ name, amqpUrl, databaseUrl }) => {
  await declareShippedQueue(amqpUrl)
  const source = await outbox(databaseUrl)
  const target = await arrivals(amqpUrl, name, SHIPPED_QUEUE.queue)
  const publisher = await confirmedPublisher(amqpUrl)
  const sql = postgres(databaseUrl, { max: 1 })

  const relayBatch = () =>
    sql.begin(async (transaction) => {
      const entries = await transaction<{ position: string; message_id: string; body: string }[]>`
        select position, message_id, body from posthorn_outbox
        where handler is null and died_at is null and available_at <= now()
        order by position limit ${BATCH} for update skip locked`
      await Promise.all(entries.map(({ body, message_id }) => publisher.publish(body, message_id)))
      const positions = entries.map(({ position }) => position)
      await transaction`delete from posthorn_outbox where position = any (${positions}::bigint[])`
      return entries.length
    })
  return {
    async round(size) {
      await source.fill(size)
      const start = performance.now()
      while ((await relayBatch()) === BATCH);
      const seconds = (performance.now() - start) / 1_000
      await source.assertEmpty()
      await target.assert(size)
      return { 'events/s': size / seconds }
    },
    async close() {
      await Promise.all([publisher.close(), sql.end(), source.end(), target.close()])
    },
  }
})
