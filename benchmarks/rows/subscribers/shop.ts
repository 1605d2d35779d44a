import { defineDomain, defineSystem, event, planSystem } from '@posthorn/core'
import { applyPlan, RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { brokerUrlFor } from '@posthorn/tooling/dist/running-system/broker-url.js'
import amqplib from 'amqplib'
import { z } from 'zod'
import type { Servers } from '../../suite/contender.ts'

const shop = defineDomain('shop', {
  events: { Sold: event(z.object({ orderId: z.string(), text: z.string() })) },
})

/** A domain with so many subscribers. Each has a queue, and nobody consumes. */
export interface Shop {
  publish(index: number): Promise<void>
  /** Empties all queues and gives how many messages each had. */
  purge(): Promise<readonly number[]>
  close(): Promise<unknown>
}

export async function openShop(
  { name: namespace, amqpUrl, managementUrl }: Servers,
  subscribers: number,
): Promise<Shop> {
  const names = Array.from({ length: subscribers }, (_, index) => `subscriber-${index}`)
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
  return {
    publish: (index) => bus.publish(shop.events.Sold({ orderId: `order-${index}`, text: 'x'.repeat(160) })),
    async purge() {
      const counts: number[] = []
      for (const name of names) {
        const connection = await amqplib.connect(
          `${brokerUrlFor(amqpUrl, name, passwords)}/${namespace}.shop`,
        )
        const channel = await connection.createChannel()
        const { messageCount } = await channel.purgeQueue(`${name}.q.events`)
        counts.push(messageCount)
        await connection.close()
      }
      return counts
    },
    close: () => bus.stop(),
  }
}
