import 'reflect-metadata'
import { AmqpConnection, RabbitMQModule, RabbitRPC } from '@golevelup/nestjs-rabbitmq'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { contend } from '../../suite/contender.ts'
import type { OrderShipped } from '../order-shipped.ts'
import { CALL_QUEUE, CALL_TIMEOUT } from './call-queue.ts'
import { roundOfCalls, type Shipped, shipOrder } from './ship-order.ts'

const EXCHANGE = 'orders'
const KEY = 'ship'

class Orders {
  ship(order: OrderShipped): Shipped {
    return shipOrder(order)
  }
}
const ship = Object.getOwnPropertyDescriptor(Orders.prototype, 'ship')
const rpc = { exchange: EXCHANGE, routingKey: KEY, queue: CALL_QUEUE.queue, queueOptions: CALL_QUEUE.options }
RabbitRPC(rpc)(Orders.prototype, 'ship', ship)

await contend(async ({ amqpUrl }) => {
  const settings = (registerHandlers: boolean) => ({
    uri: amqpUrl,
    exchanges: [{ name: EXCHANGE, type: 'direct' }],
    prefetchCount: 200,
    registerHandlers,
    connectionManagerOptions: { connectionOptions: { noDelay: true } },
  })
  class Shipping {}
  Module({ imports: [RabbitMQModule.forRoot(settings(true))], providers: [Orders] })(Shipping)
  const callee = await NestFactory.createApplicationContext(Shipping, { logger: false })
  const caller = new AmqpConnection(settings(false))
  await caller.init()
  return {
    round: roundOfCalls((order) =>
      caller.request<Shipped>({
        exchange: EXCHANGE,
        routingKey: KEY,
        payload: order,
        timeout: CALL_TIMEOUT,
        expiration: CALL_TIMEOUT,
        publishOptions: { mandatory: true },
      }),
    ),
    async close() {
      await caller.managedConnection.close()
      await callee.close()
    },
  }
})
