import { defineDomain, defineSystem, event, planSystem, Relay } from '@posthorn/core'
import { applyPlan, generatePasswords, RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { brokerUrlFor } from '@posthorn/tooling/dist/running-system/broker-url.js'
import { drizzleOutboxQueue, migrate, type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { z } from 'zod'
import { contend } from '../../suite/contender.ts'
import { Countdown } from '../../suite/window.ts'
import { FULL } from './full.ts'

const PORTIONS = 4

/** `argument`: how many entries wait in the outbox when the clock starts. */
await contend(async ({ name: namespace, amqpUrl, managementUrl, databaseUrl }, argument) => {
  const shop = defineDomain('shop', { events: { Sold: event(z.object({ text: z.string() })) } })
  const system = defineSystem({ domains: [shop], clients: { tracking: { subscribes: [shop.events.Sold] } } })
  const plan = planSystem(system, { namespace })
  // Several contenders share the broker and its users.
  const passwords = { ...generatePasswords(plan), shop: 'benchmark', tracking: 'benchmark' }
  await applyPlan(plan, { managementUrl, passwords, connectionsPerUser: 100 })
  const url = brokerUrlFor(amqpUrl, 'shop', passwords)
  const bus = new RabbitMqExternalBus({ domain: 'shop', system, namespace, url })
  await bus.start()
  const driver = postgresDriver(databaseUrl)
  await migrate(driver)
  const queue = drizzleOutboxQueue(driver)
  const countdown = new Countdown()
  let failure: unknown
  const relay = new Relay({
    queue,
    forward: (message) => bus.forward(message).then(() => countdown.count()),
    dispatch: async () => undefined,
    onError: (error) => {
      failure = error
    },
  })

  /** In ms, from a backlog of that length. */
  const relayed = async (count: number, backlog: number): Promise<number> => {
    const { broker } = await queue.depth()
    await fill(driver, backlog - broker)
    const start = performance.now()
    const passed = countdown.from(count)
    relay.start()
    await passed
    const time = performance.now() - start
    await relay.stop()
    const left = (await queue.depth()).broker
    if (failure !== undefined) throw failure
    if (left > backlog - count) throw new Error(`${left} entries are left of ${backlog} after ${count}`)
    return time
  }

  return {
    async round(size) {
      const backlog = Math.ceil((Number(argument) * size) / FULL)
      let time = 0
      for (let portion = 0; portion < PORTIONS; portion++) {
        time += await relayed(size / PORTIONS, backlog)
      }
      return { 'events/s': (size / time) * 1_000 }
    },
    async close() {
      await bus.stop()
      await driver.end()
    },
  }
})

async function fill(driver: PostgresDriver, count: number): Promise<void> {
  if (count <= 0) return
  const insert = `
    insert into posthorn_outbox
      (key, depth, message_id, type, kind, version, time, correlation_id, body, available_at)
    select 'key-' || n % 1000, 0, id, 'shop.Sold', 'event', 1, '2026-01-01T00:00:00.000Z', id,
      json_build_object('text', repeat('x', 180)), clock_timestamp()
    from generate_series(1, $1::text::int) as n, lateral (select (gen_random_uuid())::text as id where n > 0) as ids`
  await driver.query(insert, [String(count)], false, 100_000)
  // As autovacuum would have done long before.
  if (count > 10_000) await driver.query('vacuum analyze posthorn_outbox', [], false, 100_000)
}
