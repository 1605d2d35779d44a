import { afterAll, beforeAll, expect, test } from 'vitest'
import { allocationClient } from '../demo/allocation-client.ts'
import { eventually } from '../running-system/eventually.ts'
import type { RunningSystem } from '../running-system/running-system.ts'
import { startE2eSystem } from './e2e-system.ts'
import { inParallelBy } from './in-parallel-by.ts'
import { orderData } from './order-data.ts'
import { lineKey, model } from './reference-model.ts'

let running: RunningSystem

beforeAll(async () => {
  running = await startE2eSystem()
}, 60_000)

afterAll(() => running?.stop())

test('real orders through the HTTP API give the expected allocations, and one mail for each backordered line', async () => {
  const { source, batches, orders, expected } = await orderData()
  const client = allocationClient(running.allocation.url)
  const { placed } = model(batches, orders)
  expect(model(batches, orders).expected, `the model agrees with ${source}`).toEqual(expected)

  await inParallelBy(
    ({ sku }) => sku,
    batches,
    async (batch) => {
      expect((await client.createBatch(batch)).status).toBe(201)
    },
  )
  const counts = { allocated: 0, allocatedUnits: 0, backordered: 0, unknownSku: 0 }
  await inParallelBy(
    ({ sku }) => sku,
    orders,
    async (order) => {
      const { status, body } = await client.allocate(order)
      if (status === 201) {
        counts.allocated += 1
        counts.allocatedUnits += order.qty
      } else if (status === 202) counts.backordered += 1
      else if (status === 404 && body['code'] === 'InvalidSku') counts.unknownSku += 1
      else throw new Error(`${lineKey(order)} answered ${status} ${JSON.stringify(body)}`)
    },
  )
  expect(counts).toEqual({
    allocated: expected.allocated,
    allocatedUnits: expected.allocatedUnits,
    backordered: expected.backordered,
    unknownSku: expected.unknownSku,
  })

  const left: Record<string, number> = {}
  for (const sku of new Set(batches.map((batch) => batch.sku))) {
    const { body } = await client.get(`/products/${sku}`)
    for (const batch of body['batches'] as { ref: string; availableQty: number }[])
      left[batch.ref] = batch.availableQty
  }
  expect(left).toEqual(expected.left)

  await inParallelBy(
    (orderId) => orderId,
    [...new Set(orders.map((order) => order.orderId))],
    async (orderId) => {
      const lines = orders.filter((order) => order.orderId === orderId && placed.has(lineKey(order)))
      const { status, body } = await client.get(`/allocations/${orderId}`)
      if (lines.length === 0) expect(status, orderId).toBe(404)
      else
        expect(body, orderId).toEqual(
          asView(lines.map((line) => ({ ...line, batchRef: placed.get(lineKey(line)) ?? null }))),
        )
    },
  )

  const isOutOfStock = ({ subject }: { subject: string }) => subject.startsWith('Out of stock for ')
  await running.mail.waitFor(expected.backordered, isOutOfStock, 120_000)
  await quiet(running)
  const mails = running.mail.mails.filter(isOutOfStock)
  expect(mails).toHaveLength(expected.backordered)
  expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(mails.length)
  const mailed = mails.map(({ subject, text }) => `${subject} ${/order (\S+)/i.exec(text)?.[1]}`)
  expect(new Set(mailed).size, 'no line is mailed twice').toBe(mails.length)
}, 240_000)

/** Until the mails have stopped coming for a second. */
async function quiet({ mail }: RunningSystem): Promise<void> {
  let count = -1
  let since = performance.now()
  await eventually(
    () => {
      if (mail.mails.length !== count) {
        count = mail.mails.length
        since = performance.now()
      }
      return performance.now() - since > 1_000 ? true : undefined
    },
    'the mails to stop',
    30_000,
  )
}

function asView(lines: readonly { sku: string; qty: number; batchRef: string | null }[]) {
  return lines
    .map(({ sku, qty, batchRef }) => ({
      sku,
      qty,
      status: batchRef === null ? 'backordered' : 'allocated',
      batchRef,
    }))
    .sort((one, other) => (one.sku < other.sku ? -1 : 1))
}
