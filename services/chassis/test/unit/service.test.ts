import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createMessageBus, defineDomain, defineSystem, event, planSystem } from '@posthorn/core'
import {
  InMemoryBroker,
  InMemoryStore,
  inMemoryExternalBus,
  inMemoryUnitsOfWork,
} from '@posthorn/core/in-memory'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createLogger } from '../../src/logger.ts'
import { createService, type Service } from '../../src/service.ts'

const domain = defineDomain('shop', { events: { Sold: event(z.object({ n: z.int() })) } })
const system = defineSystem({ domains: [domain], clients: { desk: { subscribes: [domain.events.Sold] } } })

const running: Service[] = []
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop()
})

async function makeShop({
  planned = true,
  outboxCap = 10,
  depthFails = false,
  storageStart = (): Promise<void> => Promise.resolve(),
} = {}) {
  const broker = new InMemoryBroker()
  if (planned) broker.apply(planSystem(system))
  const store = new InMemoryStore()
  const units = inMemoryUnitsOfWork({ domain, store, repositories: {} })
  const outbox = new Proxy(store.queue, {
    get: (queue, key) => {
      if (key === 'depth' && depthFails) return () => Promise.reject(new Error('no database'))
      const value = Reflect.get(queue, key)
      return typeof value === 'function' ? value.bind(queue) : value
    },
  })
  const service = await createService({
    title: 'Shop',
    description: '',
    host: '127.0.0.1',
    port: 0,
    outboxCap,
    logger: createLogger('shop', 'silent'),
    statuses: {},
    routes: [],
    storage: { outbox, inbox: store.inbox, start: storageStart, stop: async () => undefined },
    bus: createMessageBus({ domain, units, outbox, handlers: { commands: {} } }),
    externalBus: inMemoryExternalBus({ domain: 'shop', system, broker }),
  })
  const sell = (n: number) => units.run(async (unit) => unit.publish(domain.events.Sold({ n })))
  return { service, broker, sell, store }
}

async function startShop(options: Parameters<typeof makeShop>[0] = {}) {
  const shop = await makeShop(options)
  const address = await shop.service.start()
  running.push(shop.service)
  const ready = async () => {
    const response = await fetch(`${address}/health/ready`)
    return { code: response.status, ...((await response.json()) as { status: string; database: string }) }
  }
  return { ...shop, address, ready }
}

test('a service with all that it needs is live and ready', async () => {
  const { address, ready } = await startShop()
  expect((await fetch(`${address}/health/live`)).status).toBe(200)
  await expect.poll(ready).toMatchObject({ code: 200, status: 'ready', database: 'up' })
})

test('without a broker it serves, says that it is degraded, and recovers by itself', async () => {
  const { broker, ready, sell, store } = await startShop({ planned: false })
  await expect
    .poll(ready)
    .toMatchObject({ code: 200, status: 'degraded', broker: { reason: expect.any(String), permanent: true } })
  await sell(1)
  broker.apply(planSystem(system))
  await expect
    .poll(ready, { timeout: 10_000 })
    .toMatchObject({ code: 200, status: 'ready', broker: { reason: null, permanent: false } })
  await expect.poll(() => store.queue.depth(), { timeout: 5_000 }).toMatchObject({ broker: 0 })
})

test('when too much waits for the broker it accepts no more writes until that has gone', async () => {
  const { address, broker, ready, sell } = await startShop({ planned: false, outboxCap: 2 })
  for (const n of [1, 2, 3]) await sell(n)
  expect(await ready()).toMatchObject({ code: 503, status: 'unavailable', database: 'up' })
  const refused = await fetch(`${address}/anything`, { method: 'POST' })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await fetch(`${address}/anything`)).status).toBe(404)
  broker.apply(planSystem(system))
  await expect.poll(ready, { timeout: 10_000 }).toMatchObject({ code: 200, status: 'ready' })
})

test('without a database it is live but not ready', async () => {
  const { address, ready } = await startShop({ depthFails: true })
  expect(await ready()).toMatchObject({ code: 503, status: 'unavailable', database: 'down' })
  expect((await fetch(`${address}/health/live`)).status).toBe(200)
})

test('a stopped service listens no more, also when the broker never came', async () => {
  const { service, address } = await startShop({ planned: false })
  running.pop()
  const stopped = await Promise.race([service.stop(), delay(5_000)])
  expect(stopped).toEqual([])
  await expect(fetch(`${address}/health/live`)).rejects.toThrow()
})

test('a client that says nothing does not hold up a stop', async () => {
  const { service, address } = await startShop()
  running.pop()
  const { hostname, port } = new URL(address)
  const silent = connect(Number(port), hostname)
  await once(silent, 'connect')
  const closed = once(silent, 'close')
  const stopped = await Promise.race([service.stop(), delay(9_000)])
  expect(stopped).toEqual([])
  await closed
})

test('a stop that comes while the service is starting leaves nothing running', async () => {
  let databaseIsThere = () => {}
  const database = new Promise<void>((resolve) => {
    databaseIsThere = resolve
  })
  const { service } = await makeShop({ storageStart: () => database })
  const started = service.start()
  const stopped = service.stop()
  databaseIsThere()
  const address = await started
  expect(await stopped).toEqual([])
  await expect(fetch(`${address}/health/live`)).rejects.toThrow()
})
