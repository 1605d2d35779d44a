import { randomUUID } from 'node:crypto'
import amqplib from 'amqplib'
import postgres from 'postgres'
import { contend } from '../../suite/contender.ts'
import { windowed } from '../../suite/window.ts'
import { arrivals } from '../arrivals.ts'
import { confirmedPublisher } from '../confirmed-publisher.ts'
import { orderShipped } from '../order-shipped.ts'
import { declareShippedQueue, SHIPPED_QUEUE } from '../shipped-queue.ts'
import { countShipment } from './count-shipment.ts'
import { Meter } from './meter.ts'
import { ORDERS, tables } from './tables.ts'

await contend(async ({ name, amqpUrl, databaseUrl }) => {
  await declareShippedQueue(amqpUrl)
  const database = await tables(databaseUrl)
  const queue = await arrivals(amqpUrl, name, SHIPPED_QUEUE.queue)
  const publisher = await confirmedPublisher(amqpUrl)
  const connection = await amqplib.connect(amqpUrl, { noDelay: true })
  const sql = postgres(databaseUrl, { max: 10 })
  const meter = new Meter()

  const consume = async () => {
    const channel = await connection.createChannel()
    await channel.prefetch(200)
    await channel.consume(SHIPPED_QUEUE.queue, (message) => {
      if (message === null) return
      const order = JSON.parse(message.content.toString())
      const handling = meter.measure(async () => {
        await countShipment(sql, String(message.properties.messageId), order)
        channel.ack(message)
      })
      handling.catch(() => channel.reject(message))
    })
    return channel
  }
  return {
    async round(size, width) {
      await database.reset()
      await windowed(size, width, (index) =>
        publisher.publish(JSON.stringify(orderShipped(index % ORDERS)), randomUUID()),
      )
      const handled = meter.from(size)
      const channel = await consume()
      const seconds = await handled
      await channel.close()
      await database.assert(size)
      await queue.assert(0)
      return { 'messages/s': size / seconds }
    },
    async close() {
      await Promise.all([publisher.close(), connection.close(), sql.end(), database.end(), queue.close()])
    },
  }
})
