import { Connection } from 'rabbitmq-client'
import { contend } from '../../suite/contender.ts'
import { CALL_QUEUE, CALL_TIMEOUT } from './call-queue.ts'
import { roundOfCalls, shipOrder } from './ship-order.ts'

await contend(async ({ amqpUrl: url }) => {
  const serving = new Connection({ url, noDelay: true })
  const calling = new Connection({ url, noDelay: true })
  const { queue, options } = CALL_QUEUE
  const callee = serving.createConsumer(
    { queue, queueOptions: options, qos: { prefetchCount: 200 } },
    async ({ body }, reply) => reply(shipOrder(body)),
  )
  await new Promise((resolve) => callee.once('ready', resolve))
  const caller = calling.createRPCClient({ confirm: true, timeout: CALL_TIMEOUT })
  return {
    round: roundOfCalls(async (order) => {
      const { body } = await caller.send({ routingKey: queue, mandatory: true }, order)
      return body
    }),
    async close() {
      await caller.close()
      await callee.close()
      await Promise.all([calling.close(), serving.close()])
    },
  }
})
