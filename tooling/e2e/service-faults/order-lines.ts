import { expect } from 'vitest'
import { type AllocationClient, allocationClient } from '../../demo/allocation-client.ts'
import type { EventTap } from '../../faults/event-tap.ts'

export interface Line {
  readonly orderId: string
  readonly sku: string
  readonly qty: number
  readonly notify?: string
}

const PRODUCTS = 10

/** Order lines for a few products, of which every fifth has too little stock for all. */
export function orderLines(prefix: string): {
  readonly skus: readonly string[]
  /** Creates the stock: one batch, so one commit, for each product. */
  readonly stock: (client: AllocationClient) => Promise<void>
  readonly line: (n: number) => Line
} {
  const skus = Array.from({ length: PRODUCTS }, (_, n) => `${prefix}-${n}`)
  return {
    skus,
    stock: async (client) => {
      for (const [n, sku] of skus.entries()) {
        const qty = n % 5 === 0 ? 10 : 1_000_000
        expect((await client.createBatch({ ref: `${sku}-stock`, sku, qty })).status).toBe(201)
      }
    },
    line: (n) => ({ orderId: `${prefix}-order-${n}`, sku: skus[n % PRODUCTS] ?? '', qty: 1 }),
  }
}

/**
 * What a subscriber has seen of each product against its commits: after its batch each line was one commit and one
 * event, so that the versions must come without gap and in order.
 */
export async function expectInOrder(
  tap: EventTap,
  url: string,
  skus: readonly string[],
  accepted: readonly Line[],
): Promise<void> {
  const client = allocationClient(url)
  for (const sku of skus) {
    const seen = tap.events.filter(({ payload, type }) => payload.sku === sku && type !== 'BatchCreated')
    const lines = accepted.filter((line) => line.sku === sku).map(({ orderId }) => orderId)
    expect(seen.map(({ payload }) => payload.orderId).sort(), sku).toEqual(lines.sort())
    const { version } = (await client.get(`/products/${sku}`)).body as { readonly version: number }
    const commits = Array.from({ length: version - 1 }, (_, n) => n + 2)
    expect(
      seen.map(({ payload }) => payload.version),
      sku,
    ).toEqual(commits)
  }
}
