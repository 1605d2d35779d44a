import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  createMessageBus,
  defineDomain,
  defineSystem,
  type ExternalBus,
  event,
  PosthornError,
  planSystem,
} from '@posthorn/core'
import {
  InMemoryBroker,
  InMemoryStore,
  inMemoryExternalBus,
  inMemoryUnitsOfWork,
} from '@posthorn/core/in-memory'
import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { Routes } from '../../src/http-server.ts'
import { createLogger } from '../../src/logger.ts'
import { createService, type Service } from '../../src/service.ts'

const domain = defineDomain('shop', { events: { Sold: event(z.object({ n: z.int() })) } })
const system = defineSystem({ domains: [domain], clients: { desk: { subscribes: [domain.events.Sold] } } })

const running: Service[] = []
afterEach(async () => {
  for (const service of running.splice(0)) await service.stop()
})

let slowOnes = 0
let endSlowOnes = () => {}

/** Answers when it is told to. */
const slowRoute: Routes = (app, _options, done) => {
  slowOnes = 0
  const told = new Promise<void>((resolve) => {
    endSlowOnes = resolve
  })
  app.get('/slow', async () => {
    slowOnes += 1
    await told
    return {}
  })
  done()
}

async function connectTo(address: string) {
  const { hostname, port } = new URL(address)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  return socket
}

/** The same, but for some of its methods. */
function changed<T extends object>(whole: T, changes: Partial<T>): T {
  return new Proxy(whole, {
    get: (target, key) => {
      const value = Reflect.get(key in changes ? changes : target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function makeShop({
  planned = true,
  outboxCap = 10,
  stopDeadline = 25_000,
  depthFails = false,
  storageStart = (): Promise<void> => Promise.resolve(),
  databaseEnds = (): Promise<void> => Promise.resolve(),
  busChanges = {} as Partial<ExternalBus>,
} = {}) {
  const broker = new InMemoryBroker()
  if (planned) broker.apply(planSystem(system))
  const store = new InMemoryStore()
  const units = inMemoryUnitsOfWork({ domain, store, repositories: {} })
  const outbox = changed(
    store.queue,
    depthFails ? { depth: () => Promise.reject(new Error('no database')) } : {},
  )
  const service = await createService({
    title: 'Shop',
    description: '',
    host: '127.0.0.1',
    port: 0,
    outboxCap,
    stopDeadline,
    logger: createLogger('shop', 'silent'),
    statuses: {},
    routes: [slowRoute],
    storage: { outbox, inbox: store.inbox, start: storageStart, stop: databaseEnds },
    bus: createMessageBus({ domain, units, outbox, handlers: { commands: {} } }),
    externalBus: changed(inMemoryExternalBus({ domain: 'shop', system, broker }), busChanges),
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
  await expect.poll(ready).toMatchObject({ code: 200, status: 'ready', notReady: [], database: 'up' })
})

test('F3 C69 without a broker it serves, says that it is degraded, and recovers by itself', async () => {
  const { broker, ready, sell, store } = await startShop({ planned: false })
  await expect.poll(ready).toMatchObject({
    code: 200,
    status: 'degraded',
    notReady: ['broker'],
    broker: { reason: expect.any(String), permanent: true },
  })
  await sell(1)
  broker.apply(planSystem(system))
  await expect
    .poll(ready, { timeout: 10_000 })
    .toMatchObject({ code: 200, status: 'ready', broker: { reason: null, permanent: false } })
  await expect.poll(() => store.queue.depth(), { timeout: 5_000 }).toMatchObject({ broker: 0 })
})

test('what waits is passed on as soon as its domain can be reached', async () => {
  let tries = 0
  let onReachable: (domain: string) => void = () => undefined
  const { sell } = await startShop({
    planned: false,
    busChanges: {
      forward: async () => {
        tries += 1
        throw new PosthornError('BrokerUnreachable', 'away', { retryable: true })
      },
      onReachable: (listener) => {
        onReachable = listener
        return () => undefined
      },
    },
  })
  await sell(1)
  await expect.poll(() => tries, { interval: 10 }).toBe(1)
  onReachable('shop')
  await expect.poll(() => tries, { timeout: 500, interval: 10 }).toBe(2)
})

test('F14 when too much waits for the broker it accepts no more writes until that has gone', async () => {
  const { address, broker, ready, sell } = await startShop({ planned: false, outboxCap: 2 })
  for (const n of [1, 2, 3]) await sell(n)
  expect(await ready()).toMatchObject({
    code: 503,
    status: 'unavailable',
    notReady: ['outbox', 'broker'],
    database: 'up',
  })
  const refused = await fetch(`${address}/anything`, { method: 'POST' })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await fetch(`${address}/anything`)).status).toBe(404)
  broker.apply(planSystem(system))
  await expect.poll(ready, { timeout: 10_000 }).toMatchObject({ code: 200, status: 'ready' })
})

test('without telemetry there are no metrics', async () => {
  const { address } = await startShop()
  expect((await fetch(`${address}/metrics`)).status).toBe(404)
})

test('without a database it is live but not ready', async () => {
  const { address, ready } = await startShop({ depthFails: true })
  expect(await ready()).toMatchObject({
    code: 503,
    status: 'unavailable',
    notReady: ['database'],
    database: 'down',
  })
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
  const silent = await connectTo(address)
  const closed = once(silent, 'close')
  const stopped = await Promise.race([service.stop(), delay(3_000)])
  expect(stopped).toEqual([])
  await closed
})

test('F29 however much does not end, a stop is over by its deadline, and tells what it abandoned', async () => {
  const { service, address } = await startShop({
    stopDeadline: 800,
    databaseEnds: () => new Promise(() => undefined),
  })
  running.pop()
  const cut = expect(fetch(`${address}/slow`)).rejects.toThrow()
  await expect.poll(() => slowOnes).toBe(1)
  const begun = performance.now()
  const stopped = await service.stop()
  const took = performance.now() - begun
  expect(stopped).toEqual(['1 HTTP requests', 'storage'])
  expect(took).toBeLessThan(1_600)
  await cut
})

test('F28 what comes over a connection that is busy while the service stops is told to go elsewhere', async () => {
  const { service, address } = await startShop()
  running.pop()
  const socket = await connectTo(address)
  socket.write('GET /slow HTTP/1.1\r\nhost: a\r\n\r\n')
  await expect.poll(() => slowOnes).toBe(1)
  let answers = ''
  socket.on('data', (data) => {
    answers += data.toString()
  })
  const closed = once(socket, 'close')
  const stopped = service.stop()
  socket.write('GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n')
  await delay(50)
  endSlowOnes()
  expect(await stopped).toEqual([])
  await closed
  const [, first, second] = answers.split('HTTP/1.1 ')
  expect(first).toMatch(/^200 OK/)
  expect(second).toMatch(/^503 Service Unavailable/)
  expect(second).toMatch(/content-type: application\/problem\+json/i)
  expect(second).toMatch(/retry-after: 1/i)
  expect(second).toMatch(/"code":"Stopping"/)
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
