import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { readCsv } from '../demo/read-csv.ts'
import { projectRoot } from '../running-system/project-root.ts'
import { type BatchLine, type Expected, model, type OrderLine } from './reference-model.ts'

/** Batches and order lines with what must come of them. */
export interface OrderData {
  readonly source: string
  readonly batches: readonly BatchLine[]
  readonly orders: readonly OrderLine[]
  readonly expected: Expected
}

const northwind = join(projectRoot, '../shared/data/northwind')

/** Northwind's real orders where they are at hand; elsewhere as many generated ones, with the model's verdict. */
export async function orderData(): Promise<OrderData> {
  if (!existsSync(northwind)) return generated()
  const batches = await readCsv(join(northwind, 'batches.csv'), { required: ['ref', 'sku', 'qty', 'eta'] })
  const orders = await readCsv(join(northwind, 'order-lines.csv'), { required: ['orderId', 'sku', 'qty'] })
  const expected = JSON.parse(await readFile(join(northwind, 'expected.json'), 'utf8')) as Expected
  return {
    source: 'Northwind',
    expected,
    batches: batches.lines.map(({ values: { ref = '', sku = '', qty, eta = '' } }) => {
      return { ref, sku, qty: Number(qty), ...(eta === '' ? {} : { eta }) }
    }),
    orders: orders.lines.map(({ values: { orderId = '', sku = '', qty } }) => {
      return { orderId, sku, qty: Number(qty) }
    }),
  }
}

/** 89 batches and 2,155 lines over 77 products and 6 unknown ones, no line twice; the seed is fixed. */
function generated(): OrderData {
  const sku = fc.integer({ min: 1, max: 77 }).map((n) => `GEN-${n}`)
  const batch = fc.record({
    sku,
    qty: fc.integer({ min: 1, max: 120 }),
    day: fc.option(fc.integer({ min: 10, max: 28 })),
  })
  const order = fc.record({
    sku: fc.integer({ min: 1, max: 83 }).map((n) => `GEN-${n}`),
    qty: fc.integer({ min: 1, max: 60 }),
  })
  const [batchSpecs = []] = fc.sample(fc.array(batch, { minLength: 89, maxLength: 89 }), {
    numRuns: 1,
    seed: 7,
  })
  const [orderSpecs = []] = fc.sample(fc.array(order, { minLength: 2155, maxLength: 2155 }), {
    numRuns: 1,
    seed: 7,
  })
  const batches = batchSpecs.map(({ sku, qty, day }, n) => ({
    ref: `GEN-batch-${n}`,
    sku,
    qty,
    ...(day === null ? {} : { eta: `2027-01-${day}` }),
  }))
  const orders = orderSpecs.map(({ sku, qty }, n) => ({ orderId: `order-${n}`, sku, qty }))
  return { source: 'generated', batches, orders, expected: model(batches, orders).expected }
}
