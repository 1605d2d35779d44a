import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from '@posthorn/core'
import { RabbitMqBroker } from '@posthorn/rabbitmq'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allocationClient } from '../demo/allocation-client.ts'
import { type Dashboard, queriesOf } from '../observability/dashboard-queries.ts'
import { type Series, seriesOf } from '../observability/exposition.ts'
import { startPrometheus } from '../observability/prometheus.ts'
import { unanswered } from '../observability/unanswered.ts'
import { eventually } from '../running-system/eventually.ts'
import { projectRoot } from '../running-system/project-root.ts'
import type { RunningSystem } from '../running-system/running-system.ts'
import {
  type CollectedSpan,
  type SpanCollector,
  startSpanCollector,
} from '../running-system/span-collector.ts'
import { startE2eSystem } from './e2e-system.ts'

const STOCK_DESK = 'stock@made.com'
const line = { orderId: `order-${newId()}`, sku: `sku-${newId()}`, qty: 5 }
const customer = 'customer@example.com'
const idempotencyKey = newId()

let collector: SpanCollector
let running: RunningSystem
let correlationId: string | null

/** A line that fits nowhere, whose order somebody watches. */
const ask = () =>
  fetch(`${running.allocation.url}/allocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify({ ...line, notify: customer }),
  })

beforeAll(async () => {
  collector = await startSpanCollector()
  running = await startE2eSystem({
    env: { LOG_LEVEL: 'debug', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  })
  await allocationClient(running.allocation.url).createBatch({ ref: newId(), sku: line.sku, qty: 1 })
  const answer = await ask()
  expect(answer.status).toBe(202)
  correlationId = answer.headers.get('x-correlation-id')
  await running.mail.waitFor(1, ({ to }) => to.includes(STOCK_DESK))
}, 60_000)

afterAll(async () => {
  await running?.stop()
  await collector?.stop()
})

/** All spans of the trace that the request began, once the last one of them has come. */
function wholeTrace(): Promise<readonly CollectedSpan[]> {
  const spans = () => {
    const { traceId } = collector.spans.find(({ name }) => name === 'POST /allocations') ?? {}
    return collector.spans.filter((span) => span.traceId === traceId)
  }
  return eventually(
    () => {
      const trace = spans()
      const isThere = ({ parentSpanId }: CollectedSpan) =>
        parentSpanId === undefined || trace.some(({ spanId }) => spanId === parentSpanId)
      const names = trace.map(({ name }) => name)
      const isWhole = names.includes('handle notifications.DeliveryEnded/endDelivery') && trace.every(isThere)
      return isWhole ? trace : undefined
    },
    () => `a whole trace; there are ${spans().map(({ name }) => name)}`,
    20_000,
  )
}

test('one trace goes from a request over both services to the mail, and no span’s parent is missing', async () => {
  const trace = await wholeTrace()
  const byId = new Map(trace.map((span) => [span.spanId, span]))
  const roots = trace.filter(({ parentSpanId }) => parentSpanId === undefined)
  expect(roots.map(({ name, service }) => [name, service])).toEqual([['POST /allocations', 'allocation']])

  /** From the root to the one span of that name, with the service each is of. */
  const wayTo = (last: string) => {
    const way: string[] = []
    const ends = trace.filter(({ name }) => name === last)
    expect(ends, last).toHaveLength(1)
    for (let span = ends[0]; span !== undefined; span = byId.get(span.parentSpanId ?? '')) {
      way.unshift(`${span.service}: ${span.name}`)
    }
    return way
  }
  const deliverMail = 'notifications: handle notifications.MailDue/deliverMail'
  const toDesk = [
    'allocation: POST /allocations',
    'allocation: handle allocation.Allocate',
    'allocation: publish x.events:evt.OutOfStock',
    'notifications: process x.events:evt.OutOfStock:notifications.q.events',
    'notifications: handle allocation.OutOfStock/tellStockDesk',
    deliverMail,
  ]
  expect(wayTo('send mail')).toEqual([...toDesk, 'notifications: send mail'])
  expect(wayTo('handle notifications.DeliveryEnded/endDelivery')).toEqual([
    ...toDesk,
    'notifications: handle notifications.DeliveryEnded/endDelivery',
  ])
  const call = 'x.cmd.notifications:call.GetProduct'
  expect(wayTo('handle allocation.GetProduct')).toEqual([
    ...toDesk,
    'notifications: call allocation.GetProduct',
    `notifications: publish ${call}`,
    `allocation: process ${call}:q.calls`,
    'allocation: handle allocation.GetProduct',
  ])
  expect(wayTo('handle notifications.Watch')).toEqual([
    ...toDesk.slice(0, 2),
    'allocation: publish x.cmd.allocation:cmd.Watch',
    'notifications: process x.cmd.allocation:cmd.Watch:q.commands',
    'notifications: handle notifications.Watch',
  ])
  const transactions = trace.filter(({ name }) => name.startsWith('transaction '))
  expect(new Set(transactions.map(({ service }) => service))).toEqual(
    new Set(['allocation', 'notifications']),
  )

  const [mail] = running.mail.mails.filter(({ to }) => to.includes(STOCK_DESK))
  const sent = trace.find(({ name }) => name === 'send mail')
  expect(mail?.traceparent).toBe(`00-${sent?.traceId}-${sent?.spanId}-01`)
})

test('the relay’s batches are traces of their own, linked with what they passed on', async () => {
  const trace = await wholeTrace()
  const published = trace.find(({ name }) => name === 'publish x.events:evt.OutOfStock')
  const relay = await eventually(
    () => collector.spans.find(({ spanId }) => spanId === published?.links[0]?.spanId),
    'the batch in which the event was',
  )
  expect(relay.name).toBe('relay outbox')
  expect(relay.traceId).not.toBe(published?.traceId)
  expect(relay.links.map(({ spanId }) => spanId)).toContain(published?.parentSpanId)
})

test('what is sent over the broker is described as RabbitMQ’s', async () => {
  const trace = await wholeTrace()
  expect(trace.find(({ name }) => name === 'publish x.events:evt.OutOfStock')?.attributes).toMatchObject({
    'messaging.system': 'rabbitmq',
    'messaging.operation.type': 'send',
    'messaging.rabbitmq.destination.routing_key': 'evt.OutOfStock',
    'messaging.message.conversation_id': correlationId,
  })
})

test('both services log under the trace and the correlation of the request', async () => {
  const [{ traceId } = { traceId: '' }] = await wholeTrace()
  for (const service of [running.allocation, running.notifications]) {
    const handled = service
      .output()
      .split('\n')
      .filter((text) => text.includes('"msg":"handled"') && text.includes(traceId))
      .map((text) => JSON.parse(text))
    expect(handled.length, service.name).toBeGreaterThan(1)
    for (const one of handled) {
      expect(one).toMatchObject({ correlationId, trace_id: traceId, span_id: expect.any(String) })
    }
  }
  const answered = running.allocation
    .output()
    .split('\n')
    .filter((text) => text.includes('request completed'))
  expect(answered.filter((text) => text.includes(traceId))).toHaveLength(1)
})

async function scrape(): Promise<readonly Series[]> {
  const scrapes = [running.allocation, running.notifications].map(async ({ name, url }) => {
    const response = await fetch(`${url}/metrics`)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/)
    return seriesOf(await response.text(), { job: name, instance: new URL(url).host })
  })
  return (await Promise.all(scrapes)).flat()
}

/** What a healthy system has no series of: an error of the contract, a repetition, a dead letter. */
async function makeTrouble(): Promise<void> {
  const client = allocationClient(running.allocation.url)
  expect((await client.allocate({ ...line, sku: `sku-${newId()}` })).status).toBe(404)
  expect((await ask()).status).toBe(202)
  const { broker } = running
  const quiet = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
  const warehouse = await new RabbitMqBroker({ url: broker.urlFor('warehouse'), user: 'warehouse' }).open(
    `${broker.namespace}.allocation`,
    quiet,
  )
  const nonsense = { type: 'nonsense', messageId: newId() }
  const frame = { exchange: 'x.cmd.warehouse', routingKey: 'cmd.CreateBatch', properties: nonsense }
  await warehouse.publish({ ...frame, body: Buffer.from('{}') }, 5_000)
  await warehouse.close(2_000)
  await eventually(async () => {
    const found = (await scrape()).find(({ name }) => name === 'posthorn_delivery_failures_total')
    return found?.labels['posthorn_reason'] === 'bad-type' || undefined
  }, 'the dead letter to be counted')
}

test('each query of the dashboard is answered by the metrics of the running services', async () => {
  await makeTrouble()
  const file = join(projectRoot, 'deploy/grafana/posthorn.json')
  const queries = queriesOf(JSON.parse(readFileSync(file, 'utf8')) as Dashboard)
  expect(queries.length).toBeGreaterThan(25)
  const series = await scrape()
  const faults = queries.flatMap(({ where, expr }) =>
    unanswered(expr, series).map((fault) => `${where}: ${fault}: ${expr}`),
  )
  expect(faults).toEqual([])
  if (process.env.POSTHORN_TEST_FULL === '1') await askPrometheus(queries)
}, 120_000)

/** The same of Prometheus itself, which also calculates them. */
async function askPrometheus(queries: ReturnType<typeof queriesOf>): Promise<void> {
  const { allocation, notifications } = running
  const prometheus = await startPrometheus({
    [allocation.name]: allocation.url,
    [notifications.name]: notifications.url,
  })
  try {
    for (const { where, expr } of queries) {
      await eventually(async () => (await prometheus.count(expr)) || undefined, `${where}: ${expr}`, 10_000)
    }
  } finally {
    await prometheus.stop()
  }
}

test('metrics have few labels, and nothing of what was handled', async () => {
  const series = await scrape()
  const text = JSON.stringify(series)
  for (const told of [line.orderId, line.sku, customer, correlationId]) expect(text).not.toContain(told)
  const perMetric = new Map<string, number>()
  for (const { name, labels } of series)
    if (labels['le'] === undefined) perMetric.set(name, (perMetric.get(name) ?? 0) + 1)
  for (const [name, count] of perMetric) expect(count, name).toBeLessThan(60)
})
