import { Relay } from '@posthorn/core'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { drizzleOutboxQueue, postgresDriver } from '@posthorn/uow-drizzle'
import { contend } from '../../suite/contender.ts'
import { Countdown } from '../../suite/window.ts'
import { arrivals } from '../arrivals.ts'
import { provision } from '../provision.ts'
import { system } from '../shipping.ts'
import { outbox } from './outbox.ts'

await contend(async (servers) => {
  const { name: namespace, amqpUrl, databaseUrl } = servers
  const urlOf = await provision(system, servers)
  const source = await outbox(databaseUrl)
  const target = await arrivals(amqpUrl, `${namespace}.shipping`, 'tracking.q.events')
  const bus = new RabbitMqExternalBus({ domain: 'shipping', system, namespace, url: urlOf('shipping') })
  await bus.start()
  const driver = postgresDriver(databaseUrl)
  const countdown = new Countdown()
  const relay = new Relay({
    queue: drizzleOutboxQueue(driver),
    async forward(message) {
      await bus.forward(message)
      countdown.count()
    },
    dispatch: async () => undefined,
  })
  return {
    async round(size) {
      await source.fill(size)
      const start = performance.now()
      const confirmed = countdown.from(size)
      relay.start()
      await confirmed
      // The last batch's transaction has still to end.
      await relay.stop()
      const seconds = (performance.now() - start) / 1_000
      await source.assertEmpty()
      await target.assert(size)
      return { 'events/s': size / seconds }
    },
    async close() {
      await Promise.all([bus.stop(), driver.end(), source.end(), target.close()])
    },
  }
})
