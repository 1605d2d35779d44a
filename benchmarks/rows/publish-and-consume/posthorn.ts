import { defineDomain, defineSystem, event, planSystem } from '@posthorn/core'
import { applyPlan, generatePasswords, RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { z } from 'zod'
import { contend } from '../../suite/contender.ts'
import { Countdown, windowed } from '../../suite/window.ts'
import { orderShipped } from './order-shipped.ts'

const shipment = z.object({
  orderId: z.string(),
  carrier: z.string(),
  address: z.string(),
  lines: z.array(z.object({ sku: z.string(), qty: z.int() })),
})

await contend(async ({ name: namespace, amqpUrl, managementUrl }) => {
  const shipping = defineDomain('shipping', {
    events: { OrderShipped: event(shipment) },
  })
  const system = defineSystem({
    domains: [shipping],
    clients: { tracking: { subscribes: [shipping.events.OrderShipped] } },
  })
  const plan = planSystem(system, { namespace })
  const passwords = generatePasswords(plan)
  await applyPlan(plan, { managementUrl, passwords })
  const urlOf = (user: 'shipping' | 'tracking') => {
    const url = new URL(amqpUrl)
    url.username = user
    url.password = passwords[user] ?? ''
    url.pathname = ''
    return url.href
  }
  const publisher = new RabbitMqExternalBus({ domain: 'shipping', system, namespace, url: urlOf('shipping') })
  const subscriber = new RabbitMqExternalBus({
    domain: 'tracking',
    system,
    namespace,
    url: urlOf('tracking'),
  })
  const countdown = new Countdown()
  subscriber.registerEventHandlers(shipping.events.OrderShipped, async ({ payload }) => {
    if (payload.lines.length !== 2) throw new Error('not what was sent')
    countdown.count()
  })
  await publisher.start()
  await subscriber.start()
  return {
    async round(size) {
      const start = performance.now()
      const consumed = countdown.from(size)
      await windowed(size, 256, (index) =>
        publisher.publish(shipping.events.OrderShipped(orderShipped(index))),
      )
      await consumed
      return { 'events/s': (size / (performance.now() - start)) * 1_000 }
    },
    async close() {
      await publisher.stop()
      await subscriber.stop()
    },
  }
})
