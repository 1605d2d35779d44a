const QUORUM = { 'x-queue-type': 'quorum', 'x-max-length-bytes': 2 ** 30, 'x-overflow': 'reject-publish' }

/**
 * Posthorn's queue for the events of one subscriber, for everybody: durable, quorum, bounded, with a limit of deliveries
 * and a dead queue behind it that loses nothing.
 */
export const SHIPPED = {
  exchange: 'orders',
  routingKey: 'OrderShipped',
  queue: 'shipped',
  deadLetterExchange: 'dead',
  deadQueue: 'shipped.dead',
  arguments: {
    ...QUORUM,
    'x-delivery-limit': 10,
    'x-dead-letter-exchange': 'dead',
    'x-dead-letter-routing-key': 'shipped.dead',
    'x-dead-letter-strategy': 'at-least-once',
  },
  deadArguments: QUORUM,
}
