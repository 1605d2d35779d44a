import amqplib from 'amqplib'
import { SHIPPED } from './work-queue.ts'

/** Publishes with confirms, by hand. */
export async function confirmedPublisher(amqpUrl: string) {
  const connection = await amqplib.connect(amqpUrl, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  return {
    publish: (body: string, messageId: string) =>
      new Promise<void>((resolve, reject) => {
        channel.publish(
          SHIPPED.exchange,
          SHIPPED.routingKey,
          Buffer.from(body),
          { persistent: true, mandatory: true, messageId, contentType: 'application/json' },
          (error) => (error ? reject(error as Error) : resolve()),
        )
      }),
    close: () => connection.close(),
  }
}
