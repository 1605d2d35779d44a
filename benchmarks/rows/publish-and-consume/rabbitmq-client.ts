import { randomUUID } from 'node:crypto'
import { Connection } from 'rabbitmq-client'
import { contend } from '../../suite/contender.ts'
import { declareShippedQueue, SHIPPED_QUEUE } from '../shipped-queue.ts'
import { publishAndConsume } from './publish-and-consume.ts'

await contend(async ({ amqpUrl: url }) => {
  await declareShippedQueue(url)
  const publishing = new Connection({ url, noDelay: true })
  const consuming = new Connection({ url, noDelay: true })
  const publisher = publishing.createPublisher({ confirm: true })
  const { exchange, routingKey, queue } = SHIPPED_QUEUE
  const { round, received } = publishAndConsume((event) =>
    publisher.send({ exchange, routingKey, durable: true, mandatory: true, messageId: randomUUID() }, event),
  )
  const consumer = consuming.createConsumer(
    { queue, queueOptions: { passive: true }, qos: { prefetchCount: 200 } },
    async ({ body }) => received(body),
  )
  await new Promise((resolve) => consumer.once('ready', resolve))
  return {
    round,
    async close() {
      await publisher.close()
      await consumer.close()
      await Promise.all([publishing.close(), consuming.close()])
    },
  }
})
