import { randomUUID } from 'node:crypto'
import { connect } from 'amqp-connection-manager'
import { contend } from '../../suite/contender.ts'
import { declareShippedQueue, SHIPPED_QUEUE } from '../shipped-queue.ts'
import { publishAndConsume } from './publish-and-consume.ts'

await contend(async ({ amqpUrl }) => {
  await declareShippedQueue(amqpUrl)
  const options = { connectionOptions: { noDelay: true } }
  const publishing = connect([amqpUrl], options)
  const consuming = connect([amqpUrl], options)
  const publisher = publishing.createChannel({ json: true })
  const consumer = consuming.createChannel()
  const { round, received } = publishAndConsume((event) =>
    publisher.publish(SHIPPED_QUEUE.exchange, SHIPPED_QUEUE.routingKey, event, {
      persistent: true,
      mandatory: true,
      messageId: randomUUID(),
      contentType: 'application/json',
    }),
  )
  await consumer.consume(
    SHIPPED_QUEUE.queue,
    (message) => {
      received(JSON.parse(message.content.toString()))
      consumer.ack(message)
    },
    { prefetch: 200 },
  )
  await Promise.all([publisher.waitForConnect(), consumer.waitForConnect()])
  return {
    round,
    async close() {
      await publishing.close()
      await consuming.close()
    },
  }
})
