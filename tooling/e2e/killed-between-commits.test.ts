import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allocationClient } from '../demo/allocation-client.ts'
import { eventually } from '../running-system/eventually.ts'
import type { RunningSystem } from '../running-system/running-system.ts'
import { startE2eSystem } from './e2e-system.ts'

const DYING = 'tooling/e2e/dies-before-reallocating.mjs'
let running: RunningSystem

beforeAll(async () => {
  running = await startE2eSystem({ scripts: { allocation: DYING } })
}, 60_000)

afterAll(() => running?.stop())

const line = { orderId: 'order-1', sku: 'LAMP', qty: 10 }

/** A line in a first batch that shrinks; the process dies after that commit, before the line has moved to the second. */
async function dieBetweenTheCommits(sku: string): Promise<void> {
  const client = allocationClient(running.allocation.url)
  expect((await client.createBatch({ ref: `${sku}-stock`, sku, qty: 10 })).status).toBe(201)
  expect((await client.allocate({ ...line, sku })).status).toBe(201)
  expect((await client.createBatch({ ref: `${sku}-later`, sku, qty: 10, eta: '2027-01-01' })).status).toBe(
    201,
  )

  await expect(client.changeBatch(`${sku}-stock`, 5)).rejects.toThrow('fetch failed')
  expect(await running.allocation.exited).toBeNull()
}

const waitingOf = async (sku: string) =>
  (await allocationClient(running.allocation.url).get(`/products/${sku}`)).body['waiting']

test('without the durable local event the line waits for ever: the hazard', async () => {
  await dieBetweenTheCommits('HAZARD')
  const sql = postgres(running.databases.url('allocation'), { max: 1, fetch_types: false })
  const { count } = await sql`delete from posthorn_outbox where handler is not null`
  await sql.end()
  expect(count).toBe(1)

  await running.restart('allocation')
  const { body } = await allocationClient(running.allocation.url).get('/health/ready')
  expect(body['outbox'], 'nothing is left that could still serve the line').toMatchObject({
    local: 0,
    dead: 0,
  })
  expect(await waitingOf('HAZARD')).toEqual([{ orderId: 'order-1', qty: 10 }])
  await running.allocation.stop()
  await running.restart('allocation', DYING)
}, 90_000)

test('with the durable local event the line is allocated again, once, by the process that comes after', async () => {
  await dieBetweenTheCommits('GUARD')

  await running.restart('allocation')
  const client = allocationClient(running.allocation.url)
  await eventually(
    async () => ((await waitingOf('GUARD')) as unknown[]).length === 0 || undefined,
    'the line to be allocated',
  )
  const { body } = await client.get('/products/GUARD')
  expect(body).toMatchObject({
    waiting: [],
    batches: [
      { ref: 'GUARD-stock', availableQty: 5 },
      { ref: 'GUARD-later', availableQty: 0 },
    ],
  })
  // Batch, line, batch, change, reallocation: five commits, and no sixth for the same line.
  expect(body['version']).toBe(5)
}, 90_000)
