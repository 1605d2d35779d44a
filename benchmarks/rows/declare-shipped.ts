import amqplib from 'amqplib'
import { SHIPPED } from './work-queue.ts'

/** Declares the queue and what belongs to it. A client declares with its own hands only when its documents say so. */
export async function declareShipped(amqpUrl: string): Promise<void> {
  const connection = await amqplib.connect(amqpUrl)
  const channel = await connection.createChannel()
  const { exchange, routingKey, queue, deadLetterExchange, deadQueue } = SHIPPED
  await channel.assertExchange(exchange, 'topic')
  await channel.assertExchange(deadLetterExchange, 'direct')
  await channel.assertQueue(deadQueue, { arguments: SHIPPED.deadArguments })
  await channel.bindQueue(deadQueue, deadLetterExchange, deadQueue)
  await channel.assertQueue(queue, { arguments: SHIPPED.arguments })
  await channel.bindQueue(queue, exchange, routingKey)
  await connection.close()
}
