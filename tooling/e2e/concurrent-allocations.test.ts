import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, allocationClient } from '../demo/allocation-client.ts'
import type { RunningSystem } from '../running-system/running-system.ts'
import { startE2eSystem } from './e2e-system.ts'

let running: RunningSystem

beforeAll(async () => {
  running = await startE2eSystem()
}, 60_000)

afterAll(() => running?.stop())

test('1,000 allocations at once over 20 products oversell nothing and count each commit once', async () => {
  const client = allocationClient(running.allocation.url, 60_000)
  const skus = Array.from({ length: 20 }, (_, n) => `CONCURRENT-${n}`)
  for (const sku of skus) {
    for (const [ref, qty] of [
      ['a', 40],
      ['b', 25],
    ] as const) {
      expect((await client.createBatch({ ref: `${sku}-${ref}`, sku, qty })).status).toBe(201)
    }
  }

  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, n) =>
      client.allocate({ orderId: `order-${n}`, sku: skus[n % skus.length], qty: 1 + (n % 3) }),
    ),
  )

  expect(count(answers, (status) => status >= 500)).toBe(0)
  expect(count(answers, (status) => status === 201 || status === 202)).toBe(1_000)
  for (const sku of skus) {
    const { body } = await client.get(`/products/${sku}`)
    const { version, batches, waiting } = body as unknown as Product
    const lines = answers.filter((answer) => answer.body['sku'] === sku)
    const allocated = lines.filter(({ status }) => status === 201)

    expect(version, `${sku}: two batches and ${lines.length} lines`).toBe(2 + lines.length)
    expect(waiting).toHaveLength(lines.length - allocated.length)
    for (const { ref, purchasedQty, availableQty } of batches) {
      const units = allocated
        .filter(({ body: line }) => line['batchRef'] === ref)
        .map(({ body: line }) => Number(line['qty']))
      expect(availableQty, ref).toBe(purchasedQty - units.reduce((sum, qty) => sum + qty, 0))
      expect(availableQty, ref).toBeGreaterThanOrEqual(0)
    }
  }
}, 120_000)

interface Product {
  readonly version: number
  readonly batches: readonly { ref: string; purchasedQty: number; availableQty: number }[]
  readonly waiting: readonly unknown[]
}

function count(answers: readonly Answer[], condition: (status: number) => boolean): number {
  return answers.filter(({ status }) => condition(status)).length
}
