import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import {
  ClientProxyFactory,
  Ctx,
  MessagePattern,
  Payload,
  type RmqContext,
  type RmqOptions,
  Transport,
} from '@nestjs/microservices'
import { firstValueFrom, timeout } from 'rxjs'
import { contend } from '../../suite/contender.ts'
import type { OrderShipped } from '../order-shipped.ts'
import { CALL_QUEUE, CALL_TIMEOUT } from './call-queue.ts'
import { roundOfCalls, type Shipped, shipOrder } from './ship-order.ts'

class Orders {
  ship(order: OrderShipped, context: RmqContext): Shipped {
    context.getChannelRef().ack(context.getMessage())
    return shipOrder(order)
  }
}
Controller()(Orders)
Payload()(Orders.prototype, 'ship', 0)
Ctx()(Orders.prototype, 'ship', 1)
// biome-ignore lint/style/noNonNullAssertion: the method stands above
const ship = Object.getOwnPropertyDescriptor(Orders.prototype, 'ship')!
MessagePattern('ship')(Orders.prototype, 'ship', ship)

class Shipping {}
Module({ controllers: [Orders] })(Shipping)

await contend(async ({ amqpUrl }) => {
  const common = {
    urls: [amqpUrl],
    queue: CALL_QUEUE.queue,
    queueOptions: CALL_QUEUE.options,
    socketOptions: { connectionOptions: { noDelay: true } },
  }
  const service: RmqOptions = {
    transport: Transport.RMQ,
    options: { ...common, noAck: false, prefetchCount: 200 },
  }
  const callee = await NestFactory.createMicroservice(Shipping, { ...service, logger: false })
  await callee.listen()
  const caller = ClientProxyFactory.create({ transport: Transport.RMQ, options: common })
  await caller.connect()
  return {
    round: roundOfCalls((order) =>
      firstValueFrom(caller.send<Shipped>('ship', order).pipe(timeout(CALL_TIMEOUT))),
    ),
    async close() {
      await caller.close()
      await callee.close()
    },
  }
})
