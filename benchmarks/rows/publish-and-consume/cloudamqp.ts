import { randomUUID } from 'node:crypto'
import { AMQPSession, builtinParsers } from '@cloudamqp/amqp-client'
import { contend } from '../../suite/contender.ts'
import { declareShippedQueue, SHIPPED_QUEUE } from '../shipped-queue.ts'
import { publishAndConsume } from './publish-and-consume.ts'

await contend(async ({ amqpUrl }) => {
  await declareShippedQueue(amqpUrl)
  const options = { parsers: builtinParsers, defaultContentType: 'application/json' } as const
  const publishing = await AMQPSession.connect(amqpUrl, options)
  const consuming = await AMQPSession.connect(amqpUrl, options)
  const exchange = await publishing.topicExchange(SHIPPED_QUEUE.exchange)
  const queue = await consuming.queue(SHIPPED_QUEUE.queue, { arguments: SHIPPED_QUEUE.arguments })
  const { round, received } = publishAndConsume((event) =>
    exchange.publish(event, {
      routingKey: SHIPPED_QUEUE.routingKey,
      deliveryMode: 2,
      mandatory: true,
      messageId: randomUUID(),
    }),
  )
  await queue.subscribe({ prefetch: 200 }, ({ body }) => received(body))
  return {
    round,
    async close() {
      await publishing.stop()
      await consuming.stop()
    },
  }
})
