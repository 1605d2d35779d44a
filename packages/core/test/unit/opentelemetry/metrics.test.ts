import { afterEach, beforeEach, expect, test } from 'vitest'
import { Relay } from '../../../src/outbox/relay.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import { concurrencyConflict } from '../../../src/unit-of-work/unit-errors.ts'
import { type Recorder, startRecorder } from './recorder.ts'
import { shop, twoDomains } from './two-domains.ts'

let recorder: Recorder

beforeEach(() => {
  recorder = startRecorder()
})

afterEach(() => recorder.end())

const sell = () => shop.commands.Sell({ sku: 'lamp' })

test('handlers are counted and timed by message and handler, those that failed by the kind of error', async () => {
  let fails = false
  const world = await twoDomains(recorder.telemetry, {
    sell: () => {
      if (fails) throw new RangeError('no')
    },
  })
  await world.shopBus.handle(sell())
  await world.shopBus.handle(sell())
  fails = true
  await expect(world.shopBus.handle(sell())).rejects.toThrow(RangeError)
  await world.stop()
  const labels = { 'posthorn.message.type': 'shop.Sell', 'posthorn.handler': 'shop.Sell' }
  const handled = await recorder.values('posthorn.handle.duration')
  expect(handled).toContainEqual({ value: 2, attributes: labels })
  expect(handled).toContainEqual({ value: 1, attributes: { ...labels, 'error.type': 'RangeError' } })
  expect(await recorder.values('posthorn.transaction.duration')).toContainEqual({
    value: 1,
    attributes: { 'posthorn.domain': 'shop', 'posthorn.transaction.outcome': 'rolled-back' },
  })
})

test('what is in hand is counted while it is', async () => {
  let during: unknown
  let asking: Promise<void> = Promise.resolve()
  const world = await twoDomains(recorder.telemetry, {
    sell: () => {
      asking = recorder.values('posthorn.handle.active').then((values) => {
        during = values
      })
    },
  })
  await world.shopBus.handle(sell())
  await asking
  await world.stop()
  const attributes = { 'posthorn.message.type': 'shop.Sell', 'posthorn.handler': 'shop.Sell' }
  expect(during).toContainEqual({ value: 1, attributes })
  expect(await recorder.values('posthorn.handle.active')).toContainEqual({ value: 0, attributes })
})

test('what goes over the broker is counted and timed by its destination', async () => {
  const world = await twoDomains(recorder.telemetry)
  await world.shopBus.handle(sell())
  await world.moved
  await world.stop()
  const of = (operation: string, type: string, destination: string) => ({
    value: 1,
    attributes: {
      'messaging.system': 'posthorn',
      'messaging.operation.name': operation,
      'messaging.operation.type': type,
      'messaging.destination.name': destination,
    },
  })
  const published = of('publish', 'send', 'x.events:evt.Sold')
  const processed = of('process', 'process', 'x.events:evt.Sold:depot.q.events')
  expect(await recorder.values('messaging.client.sent.messages')).toContainEqual(published)
  expect(await recorder.values('messaging.client.operation.duration')).toContainEqual(published)
  expect(await recorder.values('messaging.client.consumed.messages')).toContainEqual(processed)
  expect(await recorder.values('messaging.process.duration')).toContainEqual(processed)
  expect(await recorder.values('posthorn.call.duration')).toEqual([
    { value: 1, attributes: { 'posthorn.message.type': 'shop.Price' } },
  ])
  expect(await recorder.values('posthorn.relay.duration')).toEqual([{ value: 1, attributes: {} }])
})

test('a unit that is begun again after a conflict is a retry', async () => {
  const units = inMemoryUnitsOfWork({
    domain: shop,
    store: new InMemoryStore(),
    repositories: {},
    telemetry: recorder.telemetry,
  })
  let tries = 0
  const work = async () => {
    tries += 1
    if (tries < 3) throw concurrencyConflict('shelf', 'a')
  }
  await units.run(work, { retry: { attempts: 5, base: 0, cap: 0 } })
  expect(await recorder.values('posthorn.transaction.retries')).toEqual([
    { value: 2, attributes: { 'posthorn.domain': 'shop' } },
  ])
})

test('a delivery that failed is counted with its queue, the reason and what was done', async () => {
  const world = await twoDomains(recorder.telemetry)
  const properties = { userId: 'shop', type: 'event:shop.Sold.v1', messageId: 'no id' }
  await world.broker.inject('shop', 'shop', {
    exchange: 'x.events',
    routingKey: 'evt.Sold',
    body: Buffer.from('{}'),
    properties,
  })
  await eventually(() => world.broker.deadLetters('shop', 'depot.q.events').length === 1)
  await world.stop()
  expect(await recorder.values('posthorn.delivery.failures')).toEqual([
    {
      value: 1,
      attributes: {
        'posthorn.queue': 'depot.q.events',
        'posthorn.reason': 'bad-id',
        'posthorn.action': 'dead-letter',
      },
    },
  ])
})

test('an entry that could not be passed on is counted, from 0 on, and the outbox tells how much waits and for how long', async () => {
  const store = new InMemoryStore()
  const units = inMemoryUnitsOfWork({ domain: shop, store, repositories: {} })
  await units.run(async (unit) => unit.publish(shop.events.Sold({ sku: 'lamp' })))
  let tell = () => {}
  const told = new Promise<void>((resolve) => {
    tell = resolve
  })
  const relay = new Relay({
    queue: store.queue,
    forward: async () => {
      throw new TypeError('no')
    },
    dispatch: async () => undefined,
    onError: () => tell(),
    telemetry: recorder.telemetry,
  })
  relay.start()
  await told
  const entries = await recorder.values('posthorn.outbox.entries')
  expect(entries).toEqual(
    ['broker', 'local', 'dead'].map((state) => ({
      value: state === 'broker' ? 1 : 0,
      attributes: { 'posthorn.outbox.state': state },
    })),
  )
  const [lag] = await recorder.values('posthorn.outbox.lag')
  expect(lag?.value).toBeGreaterThan(0)
  await relay.stop()
  expect(await recorder.values('posthorn.outbox.failures')).toEqual([
    { value: 0, attributes: { 'posthorn.outbox.to': 'broker' } },
    { value: 0, attributes: { 'posthorn.outbox.to': 'local' } },
    { value: 1, attributes: { 'posthorn.outbox.to': 'broker', 'error.type': 'TypeError' } },
  ])
})

test('a bus tells which of its links are up for as long as it runs', async () => {
  const world = await twoDomains(recorder.telemetry)
  expect(await recorder.values('posthorn.broker.links.up')).toEqual(
    expect.arrayContaining([
      { value: 1, attributes: { 'posthorn.link': 'shop' } },
      { value: 1, attributes: { 'posthorn.link': 'depot' } },
    ]),
  )
  expect(await recorder.values('posthorn.calls.pending')).toEqual([{ value: 0, attributes: {} }])
  await world.stop()
})

test('a link that was lost and is back is counted', async () => {
  const world = await twoDomains(recorder.telemetry)
  const reconnects = () => recorder.values('posthorn.broker.reconnects')
  expect(await reconnects()).toContainEqual({ value: 0, attributes: { 'posthorn.link': 'shop' } })
  world.broker.disconnect('shop')
  await eventually(() => world.shopLink.health().state === 'up')
  await world.stop()
  // The depot's link to the shop's vhost was not touched.
  expect(await reconnects()).toContainEqual({ value: 1, attributes: { 'posthorn.link': 'shop' } })
  expect(await reconnects()).toContainEqual({ value: 0, attributes: { 'posthorn.link': 'depot' } })
})

test('a store that does not answer holds up nobody who asks for metrics', async () => {
  recorder.telemetry.watch({ kind: 'outbox', read: () => Promise.reject(new Error('away')) })
  expect(await recorder.values('posthorn.outbox.entries')).toEqual([])
})

test('C92 after a run the counts are exact: what was published, came twice, was applied and died', async () => {
  const world = await twoDomains(recorder.telemetry)
  const count = 20
  for (let n = 0; n < count; n++) await world.shopBus.handle(sell())
  const sold = shop.events.Sold({ sku: 'lamp' })
  for (let times = 0; times < 3; times++) await world.shopLink.publish(sold)
  await eventually(() => world.moves() === count + 1)
  await world.broker.inject('shop', 'shop', {
    exchange: 'x.events',
    routingKey: 'evt.Sold',
    body: Buffer.from('{}'),
    properties: { userId: 'shop', type: 'event:shop.Sold.v1', messageId: sold.id, contentType: 'text/plain' },
  })
  await eventually(() => world.broker.deadLetters('shop', 'depot.q.events').length === 1)
  await world.stop()
  const total = async (metric: string, labels: object) => {
    const all = await recorder.values(metric)
    const some = all.filter(({ attributes }) =>
      Object.entries(labels).every(([key, value]) => Reflect.get(attributes, key) === value),
    )
    return some.reduce((sum, { value }) => sum + value, 0)
  }
  const published = { 'messaging.destination.name': 'x.events:evt.Sold' }
  const delivered = { 'messaging.destination.name': 'x.events:evt.Sold:depot.q.events' }
  expect(await total('messaging.client.sent.messages', published)).toBe(count + 3)
  expect(await total('messaging.client.consumed.messages', delivered)).toBe(count + 3)
  expect(await total('posthorn.inbox.repetitions', { 'posthorn.message.type': 'shop.Sold' })).toBe(2)
  expect(await total('posthorn.handle.duration', { 'posthorn.handler': 'depot.Moved/done' })).toBe(count + 1)
  expect(await total('posthorn.delivery.failures', { 'posthorn.action': 'dead-letter' })).toBe(1)
  expect(world.moves()).toBe(count + 1)
})

async function eventually(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('It did not come to that within 10 s')
    await new Promise(setImmediate)
  }
}
