import rascal from 'rascal'
import { contend } from '../../suite/contender.ts'
import { declareShippedQueue, SHIPPED_QUEUE } from '../shipped-queue.ts'
import { publishAndConsume } from './publish-and-consume.ts'

/** Each publish holds a channel of the pool until it is confirmed; the default configuration allows 100 in all. */
const CHANNELS = 64

/** `noDelay` goes to the socket, as the documents say and the types do not. */
const socketOptions = { timeout: 10_000, noDelay: true }

await contend(async ({ amqpUrl: url, name }) => {
  await declareShippedQueue(url)
  const { exchange, routingKey, queue } = SHIPPED_QUEUE
  const broker = await rascal.BrokerAsPromised.create(
    rascal.withDefaultConfig({
      vhosts: {
        [name]: {
          connection: { url, socketOptions },
          publicationChannelPools: { confirmPool: { max: CHANNELS, min: CHANNELS, autostart: true } },
          exchanges: { [exchange]: { type: 'topic', assert: false } },
          queues: { [queue]: { assert: false } },
          publications: { shipped: { exchange, routingKey, confirm: true } },
          subscriptions: { shipped: { queue, prefetch: 200 } },
        },
      },
    }),
  )
  broker.on('error', (error) => process.emitWarning(error))
  const { round, received } = publishAndConsume(async (event) => {
    const publication = await broker.publish('shipped', event)
    await new Promise((resolve, reject) => {
      publication.on('success', resolve).on('error', reject).on('return', reject)
    })
  })
  const subscription = await broker.subscribe('shipped')
  subscription.on('message', (_message, content, ackOrNack) => {
    received(content)
    ackOrNack()
  })
  return { round, close: () => broker.shutdown() }
})
