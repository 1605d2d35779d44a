import { ServiceBroker } from 'moleculer'
import { contend } from '../../suite/contender.ts'
import { type OrderShipped, orderShipped } from '../order-shipped.ts'
import { CALL_TIMEOUT } from './call-queue.ts'
import { roundOfCalls, type Shipped, shipOrder } from './ship-order.ts'

await contend(async ({ amqpUrl }) => {
  const node = (nodeID: string) =>
    new ServiceBroker({
      nodeID,
      logger: false,
      // The broker's queue balances: a request that no node could answer goes to another.
      disableBalancer: true,
      requestTimeout: CALL_TIMEOUT,
      transporter: {
        type: 'AMQP',
        options: { url: amqpUrl, prefetch: 200, socketOptions: { noDelay: true } },
      },
    })
  const callee = node('shipping')
  callee.createService({
    name: 'orders',
    actions: { ship: ({ params }: { params: OrderShipped }) => shipOrder(params) },
  })
  const caller = node('tracking')
  await callee.start()
  await caller.start()
  await caller.waitForServices('orders', CALL_TIMEOUT)
  const call = (order: OrderShipped, options = {}) =>
    caller.call<Shipped, OrderShipped>('orders.ship', order, options)
  // The service is announced before its queue is there.
  let answered = false
  while (!answered) answered = await call(orderShipped(0), { timeout: 500 }).then(Boolean, () => false)
  return {
    round: roundOfCalls(call),
    async close() {
      await caller.stop()
      await callee.stop()
    },
  }
})
