import { randomUUID } from 'node:crypto'
import amqplib from 'amqplib'
import { contend } from '../../suite/contender.ts'
import { Countdown, windowed } from '../../suite/window.ts'
import { type OrderShipped, orderShipped } from './order-shipped.ts'

await contend(async ({ amqpUrl }) => {
  const publishing = await amqplib.connect(amqpUrl, { noDelay: true })
  const consuming = await amqplib.connect(amqpUrl, { noDelay: true })
  const publisher = await publishing.createConfirmChannel()
  const consumer = await consuming.createChannel()
  await publisher.assertExchange('orders', 'topic')
  await consumer.assertQueue('shipped', { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await consumer.bindQueue('shipped', 'orders', 'OrderShipped')
  await consumer.prefetch(200)
  const countdown = new Countdown()
  await consumer.consume('shipped', (message) => {
    if (message === null) return
    const event = JSON.parse(message.content.toString()) as OrderShipped
    if (event.lines.length !== 2) throw new Error('not what was sent')
    consumer.ack(message)
    countdown.count()
  })

  const publish = (index: number) =>
    new Promise<void>((resolve, reject) => {
      publisher.publish(
        'orders',
        'OrderShipped',
        Buffer.from(JSON.stringify(orderShipped(index))),
        { persistent: true, mandatory: true, messageId: randomUUID(), contentType: 'application/json' },
        (error) => (error ? reject(error as Error) : resolve()),
      )
    })
  return {
    async round(size) {
      const start = performance.now()
      const consumed = countdown.from(size)
      await windowed(size, 256, publish)
      await consumed
      return { 'events/s': (size / (performance.now() - start)) * 1_000 }
    },
    async close() {
      await publishing.close()
      await consuming.close()
    },
  }
})
