import amqplib from 'amqplib'

const QUORUM = { 'x-queue-type': 'quorum', 'x-max-length-bytes': 2 ** 30, 'x-overflow': 'reject-publish' }

const DEAD_LETTERS = 'dead'

/**
 * For everybody what Posthorn has for the events of one subscriber: a durable quorum queue, bounded, with a limit of
 * deliveries and a dead queue behind it that loses nothing.
 */
export const SHIPPED_QUEUE = {
  exchange: 'orders',
  routingKey: 'OrderShipped',
  queue: 'shipped',
  arguments: {
    ...QUORUM,
    'x-delivery-limit': 10,
    'x-dead-letter-exchange': DEAD_LETTERS,
    'x-dead-letter-routing-key': 'shipped.dead',
    'x-dead-letter-strategy': 'at-least-once',
  },
}

/** Declares the queue, the exchange that feeds it, and its dead queue. */
export async function declareShippedQueue(amqpUrl: string): Promise<void> {
  const connection = await amqplib.connect(amqpUrl)
  const channel = await connection.createChannel()
  const { exchange, routingKey, queue } = SHIPPED_QUEUE
  await channel.assertExchange(exchange, 'topic')
  await channel.assertExchange(DEAD_LETTERS, 'direct')
  await channel.assertQueue('shipped.dead', { arguments: QUORUM })
  await channel.bindQueue('shipped.dead', DEAD_LETTERS, 'shipped.dead')
  await channel.assertQueue(queue, { arguments: SHIPPED_QUEUE.arguments })
  await channel.bindQueue(queue, exchange, routingKey)
  await connection.close()
}
