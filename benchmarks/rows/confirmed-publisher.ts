import amqplib from 'amqplib'
import { SHIPPED_QUEUE } from './shipped-queue.ts'

/** Publishes with confirms, by hand. */
export async function confirmedPublisher(amqpUrl: string) {
  const connection = await amqplib.connect(amqpUrl, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  return {
    publish: (body: string, messageId: string) =>
      new Promise<void>((resolve, reject) => {
        channel.publish(
          SHIPPED_QUEUE.exchange,
          SHIPPED_QUEUE.routingKey,
          Buffer.from(body),
          { persistent: true, mandatory: true, messageId, contentType: 'application/json' },
          (error) => (error ? reject(error as Error) : resolve()),
        )
      }),
    close: () => connection.close(),
  }
}
