import { createMessageBus } from '@posthorn/core'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import {
  drizzleOutboxQueue,
  drizzleRepository,
  drizzleUnitsOfWork,
  postgresDriver,
} from '@posthorn/uow-drizzle'
import { contend } from '../../suite/contender.ts'
import { windowed } from '../../suite/window.ts'
import { arrivals } from '../arrivals.ts'
import { orderShipped } from '../order-shipped.ts'
import { provision } from '../provision.ts'
import { shipping } from '../shipping.ts'
import { Meter } from './meter.ts'
import { ORDERS, tables } from './tables.ts'
import { orderMapping, orders, system, tracking } from './tracking.ts'

const { OrderShipped } = shipping.events

await contend(async (servers) => {
  const { name: namespace, amqpUrl, databaseUrl } = servers
  const urlOf = await provision(system, servers)
  const database = await tables(databaseUrl)
  const queue = await arrivals(amqpUrl, `${namespace}.shipping`, 'tracking.q.events')
  const publisher = new RabbitMqExternalBus({ domain: 'shipping', system, namespace, url: urlOf('shipping') })
  const consumer = new RabbitMqExternalBus({
    domain: 'tracking',
    system,
    namespace,
    url: urlOf('tracking'),
    prefetch: 200,
  })
  const driver = postgresDriver(databaseUrl)
  const meter = new Meter()
  const bus = createMessageBus({
    domain: tracking,
    units: drizzleUnitsOfWork({
      domain: tracking,
      driver,
      repositories: {
        orders: (unit) => drizzleRepository(unit, { table: orders, mapping: orderMapping }),
      },
    }),
    outbox: drizzleOutboxQueue(driver),
    subscribes: [OrderShipped],
    handlers: {
      commands: {},
      subscriptions: {
        'shipping.OrderShipped': {
          async count({ payload }, unit) {
            const order = await unit.orders.get(payload.orderId, { lock: 'update' })
            order?.countShipment()
          },
        },
      },
    },
    middleware: [(_call, next) => meter.measure(next)],
  })
  bus.listenTo(consumer)
  await bus.start()
  await publisher.start()
  return {
    async round(size, width) {
      await database.reset()
      await windowed(size, width, (index) => publisher.publish(OrderShipped(orderShipped(index % ORDERS))))
      const handled = meter.from(size)
      await consumer.start()
      const seconds = await handled
      await consumer.stop()
      await database.assert(size)
      await queue.assert(0)
      return { 'messages/s': size / seconds }
    },
    async close() {
      await Promise.all([bus.stop(), publisher.stop(), driver.end(), database.end(), queue.close()])
    },
  }
})
