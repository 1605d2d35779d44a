import type { ChannelModel } from 'amqplib'
import { CALL_QUEUE } from './call-queue.ts'
import { shipOrder } from './ship-order.ts'

/** Answers calls by hand: the reply is confirmed before the call is acknowledged. */
export async function serveCalls(connection: ChannelModel): Promise<void> {
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue(CALL_QUEUE.queue, CALL_QUEUE.options)
  await channel.prefetch(200)
  await channel.consume(CALL_QUEUE.queue, (message) => {
    if (message === null) return
    const answer = shipOrder(JSON.parse(message.content.toString()))
    const { replyTo, correlationId } = message.properties
    channel.sendToQueue(String(replyTo), Buffer.from(JSON.stringify(answer)), { correlationId }, (error) =>
      error ? channel.reject(message) : channel.ack(message),
    )
  })
}
