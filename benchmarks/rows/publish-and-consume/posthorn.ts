import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { contend } from '../../suite/contender.ts'
import { provision } from '../provision.ts'
import { shipping, system } from '../shipping.ts'
import { publishAndConsume } from './publish-and-consume.ts'

await contend(async (servers) => {
  const { name: namespace } = servers
  const urlOf = await provision(system, servers)
  const publisher = new RabbitMqExternalBus({
    domain: 'shipping',
    system,
    namespace,
    url: urlOf('shipping'),
  })
  const subscriber = new RabbitMqExternalBus({
    domain: 'tracking',
    system,
    namespace,
    url: urlOf('tracking'),
    prefetch: 200,
  })
  const { round, received } = publishAndConsume((order) =>
    publisher.publish(shipping.events.OrderShipped(order)),
  )
  subscriber.registerEventHandlers(shipping.events.OrderShipped, async ({ payload }) => received(payload))
  await publisher.start()
  await subscriber.start()
  return {
    round,
    async close() {
      await publisher.stop()
      await subscriber.stop()
    },
  }
})
