import { defineDomain, defineSystem, event, planSystem } from '@posthorn/core'
import { applyPlan, RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { brokerUrlFor } from '@posthorn/tooling/dist/running-system/broker-url.js'
import amqplib from 'amqplib'
import { z } from 'zod'
import { CPU, contend } from '../../suite/contender.ts'
import { processorTime } from '../../suite/processor-time.ts'
import { windowed } from '../../suite/window.ts'

/** `argument`: how many subscribers there are. Each has a queue, and nobody consumes. */
await contend(async ({ name: namespace, amqpUrl, managementUrl }, argument) => {
  const shop = defineDomain('shop', {
    events: { Sold: event(z.object({ orderId: z.string(), text: z.string() })) },
  })
  const names = Array.from({ length: Number(argument) }, (_, index) => `subscriber-${index}`)
  const subscribes = [shop.events.Sold]
  const clients = Object.fromEntries(names.map((name) => [name, { subscribes }]))
  const system = defineSystem({ domains: [shop], clients })
  const plan = planSystem(system, { namespace })
  // Several contenders share the broker and its users.
  const passwords = Object.fromEntries(plan.users.map((user) => [user, 'benchmark']))
  await applyPlan(plan, { managementUrl, passwords, connectionsPerUser: 100 })
  const url = brokerUrlFor(amqpUrl, 'shop', passwords)
  const bus = new RabbitMqExternalBus({ domain: 'shop', system, namespace, url })
  await bus.start()

  /** Gives how many messages the subscriber had. */
  const purge = async (name: string): Promise<number> => {
    const vhost = `${namespace}.shop`
    const connection = await amqplib.connect(`${brokerUrlFor(amqpUrl, name, passwords)}/${vhost}`)
    const channel = await connection.createChannel()
    const { messageCount } = await channel.purgeQueue(`${name}.q.events`)
    await connection.close()
    return messageCount
  }

  return {
    async round(size) {
      const publish = (index: number) =>
        bus.publish(shop.events.Sold({ orderId: `order-${index}`, text: 'x'.repeat(160) }))
      const start = performance.now()
      const cpu = await processorTime(() => windowed(size, 256, publish))
      const seconds = (performance.now() - start) / 1_000
      for (const name of names) {
        const count = await purge(name)
        if (count !== size) throw new Error(`${name} has ${count} messages of ${size}`)
      }
      return { [CPU]: cpu / size, 'events/s': size / seconds }
    },
    async close() {
      await bus.stop()
    },
  }
})
