import { randomUUID } from 'node:crypto'
import amqplib from 'amqplib'
import { contend } from '../../suite/contender.ts'
import { declareShippedQueue, SHIPPED_QUEUE } from '../shipped-queue.ts'
import { publishAndConsume } from './publish-and-consume.ts'

await contend(async ({ amqpUrl }) => {
  await declareShippedQueue(amqpUrl)
  const publishing = await amqplib.connect(amqpUrl, { noDelay: true })
  const consuming = await amqplib.connect(amqpUrl, { noDelay: true })
  const publisher = await publishing.createConfirmChannel()
  const consumer = await consuming.createChannel()
  const { round, received } = publishAndConsume(
    (event) =>
      new Promise<void>((resolve, reject) => {
        publisher.publish(
          SHIPPED_QUEUE.exchange,
          SHIPPED_QUEUE.routingKey,
          Buffer.from(JSON.stringify(event)),
          { persistent: true, mandatory: true, messageId: randomUUID(), contentType: 'application/json' },
          (error) => (error ? reject(error as Error) : resolve()),
        )
      }),
  )
  await consumer.prefetch(200)
  await consumer.consume(SHIPPED_QUEUE.queue, (message) => {
    if (message === null) return
    received(JSON.parse(message.content.toString()))
    consumer.ack(message)
  })
  return {
    round,
    async close() {
      await publishing.close()
      await consuming.close()
    },
  }
})
