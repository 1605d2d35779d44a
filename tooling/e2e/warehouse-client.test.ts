import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AllocationClient, allocationClient } from '../demo/allocation-client.ts'
import type { RunningSystem } from '../running-system/running-system.ts'
import { startE2eSystem } from './e2e-system.ts'
import { type Warehouse, warehouse } from './warehouse-client/run-warehouse.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

let running: RunningSystem
let vhost: string
let client: Warehouse
let http: AllocationClient

beforeAll(async () => {
  running = await startE2eSystem()
  vhost = `${running.broker.namespace}.allocation`
  client = await warehouse(running.broker.urlFor('warehouse'), vhost)
  http = allocationClient(running.allocation.url)
}, 60_000)

afterAll(() => running?.stop())

test('a client in another language changes the quantity of a batch and gets the result', async () => {
  const { ref } = await newBatch(10)

  expect(await client.call('ChangeBatchQuantity', { ref, qty: 25 })).toEqual({
    messageId: expect.stringMatching(uuid),
    outcome: 'result',
    result: { ref, qty: 25, availableQty: 25, released: 0 },
  })
})

test('C48 a command sent again under its id gets the first answer and is not executed again', async () => {
  const { ref, sku } = await newBatch(10)
  const first = await client.call('ChangeBatchQuantity', { ref, qty: 25 })
  await client.call('ChangeBatchQuantity', { ref, qty: 30 })

  const again = await client.call('ChangeBatchQuantity', { ref, qty: 25 }, String(first.messageId))

  expect(first).toMatchObject({ outcome: 'result', result: { ref, qty: 25 } })
  expect(again).toEqual(first)
  expect(await http.get(`/products/${sku}`)).toMatchObject({ body: { batches: [{ ref, purchasedQty: 30 }] } })
})

test('it gets an error of the contract with its data', async () => {
  const ref = fresh('no-batch')

  expect(await client.call('ChangeBatchQuantity', { ref, qty: 1 })).toMatchObject({
    outcome: 'error',
    error: { domain: 'allocation', name: 'BatchNotFound', data: { ref } },
  })
})

test('the broker returns a command that the contract does not allow it', async () => {
  const { sku } = await newBatch(10)
  const orderId = fresh('order')

  expect(await client.call('Allocate', { orderId, sku, qty: 1 })).toMatchObject({ outcome: 'unroutable' })

  expect(await http.get(`/allocations/${orderId}`)).toMatchObject({ status: 404 })
})

test('B3 the domain refuses such a command even where the broker has been made to deliver it', async () => {
  const { sku } = await newBatch(10)
  const orderId = fresh('order')
  const bindings = `bindings/${vhost}/e/x.cmd.warehouse/q/q.calls`
  await management('POST', bindings, { routing_key: 'call.Allocate' })

  try {
    expect(await client.call('Allocate', { orderId, sku, qty: 1 })).toMatchObject({
      outcome: 'error',
      error: {
        domain: 'allocation',
        name: 'Forbidden',
        outcome: 'refused',
        errorId: expect.stringMatching(uuid),
      },
    })
  } finally {
    await management('DELETE', `${bindings}/call.Allocate`)
  }

  expect(await http.get(`/allocations/${orderId}`)).toMatchObject({ status: 404 })
})

test('it is told of a line that loses its stock, and believes nobody but the domain', async () => {
  const { ref, sku } = await newBatch(10)
  const orderId = fresh('order')
  const payload = { orderId, sku, qty: 4, batchRef: ref, reason: 'released', version: 3 }
  expect(await http.allocate({ orderId, sku, qty: 4 })).toMatchObject({ status: 201 })
  await forge('event:allocation.Deallocated.v1', payload)

  const { messageId, result } = await client.call('ChangeBatchQuantity', { ref, qty: 3 })
  expect(result).toEqual({ ref, qty: 3, availableQty: 3, released: 1 })
  const [forged, event] = await client.watch(2)

  expect(forged).toMatchObject({ refused: 'foreign-sender', type: 'event:allocation.Deallocated.v1' })
  expect(event).toEqual({
    event: 'Deallocated',
    messageId: expect.stringMatching(uuid),
    sender: 'allocation',
    correlationId: messageId,
    causationId: messageId,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    payload,
  })
  expect(await headersIn('warehouse.q.events')).toEqual([])
  expect(await headersIn('warehouse.q.events.dead')).toEqual([
    expect.objectContaining({ 'x-posthorn-reason': 'foreign-sender' }),
  ])
})

const fresh = (what: string) => `${what}-${randomUUID()}`

async function newBatch(qty: number): Promise<{ ref: string; sku: string }> {
  const batch = { ref: fresh('batch'), sku: fresh('sku') }
  const answer = await client.call('CreateBatch', { ...batch, qty })
  expect(answer).toMatchObject({ outcome: 'result', result: { ref: batch.ref, created: true } })
  return batch
}

/** Puts an event into the client's queue, as the broker's administrator. */
async function forge(type: string, payload: object): Promise<void> {
  const { username } = new URL(String(process.env.POSTHORN_TEST_MANAGEMENT_URL))
  await management('POST', `exchanges/${vhost}/amq.default/publish`, {
    routing_key: 'warehouse.q.events',
    payload_encoding: 'string',
    payload: JSON.stringify(payload),
    properties: { type, user_id: username, message_id: randomUUID(), content_type: 'application/json' },
  })
}

/** The headers of all messages that wait in a queue. */
async function headersIn(queue: string): Promise<unknown[]> {
  const request = { count: 10, ackmode: 'ack_requeue_true', encoding: 'auto' }
  const found = await management('POST', `queues/${vhost}/${queue}/get`, request)
  return (found as { properties: { headers: object } }[]).map(({ properties }) => properties.headers)
}

async function management(method: string, path: string, body?: object): Promise<unknown> {
  const url = new URL(`/api/${path}`, process.env.POSTHORN_TEST_MANAGEMENT_URL)
  const authorization = `Basic ${btoa(`${url.username}:${url.password}`)}`
  url.username = ''
  url.password = ''
  const response = await fetch(url, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(10_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${url.pathname} answered ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}
