import type { Storage } from '@posthorn/chassis'
import { allocation } from '@posthorn/contracts'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Batch } from '../../src/domain/batch.ts'
import { orderLine } from '../../src/domain/order-line.ts'
import { Product } from '../../src/domain/product.ts'
import type { Repositories } from '../../src/service-layer/unit.ts'
import { productDetails } from '../../src/views/products.ts'
import { fresh, type MakeStorage } from './allocation-service.ts'

type Given = readonly [qty: number, eta: string | null, ref?: string]

/** Products of which only that is read which one line needs, on any storage. */
export function partBehaviour(makeStorage: MakeStorage): void {
  let storage: Storage<Repositories, 'allocation'>

  beforeAll(async () => {
    storage = await makeStorage()
    await storage.start()
  })
  afterAll(() => storage.stop())

  /** Batch by batch, so that their rows have the order given. */
  const stored = async (batches: readonly Given[], lines: readonly (readonly [string, number])[] = []) => {
    const sku = fresh('LAMP')
    const change = (work: (product: Product) => void) =>
      storage.units.run(async ({ products }) => work((await products.get(sku)) as Product))
    await storage.units.run(async ({ products }) => products.add(new Product({ sku })))
    for (const [qty, eta, ref = fresh('batch')] of batches) {
      await change((product) => product.createBatch(new Batch({ ref: `${sku} ${ref}`, sku, qty, eta })))
    }
    await change((product) => {
      for (const [orderId, qty] of lines) product.allocate(orderLine(orderId, sku, qty))
    })
    return sku
  }
  const whole = (sku: string) =>
    storage.units.run(async ({ products }) => (await products.get(sku)) as Product, { readOnly: true })
  const place = (sku: string, orderId: string, qty: number) =>
    storage.units.run(async ({ products }) =>
      (await products.getForLine(orderLine(orderId, sku, qty)))?.allocate(),
    )
  const picture = ({ version, moves, batches, waiting }: Product) => ({
    version,
    moves,
    waiting,
    batches: batches.map(({ content, purchasedQty, availableQty, allocations }) => ({
      content,
      purchasedQty,
      availableQty,
      allocations: allocations.map(({ line, position }) => [line, position]),
    })),
  })

  describe('a product as far as it concerns a line', () => {
    test('is none where nobody has ever had the SKU', async () => {
      expect(await place(fresh('NOBODY'), 'order', 1)).toBeUndefined()
    })

    test('finds the line where it stands, in a batch or waiting, and changes nothing', async () => {
      const batches = [
        [5, null],
        [9, '2030-01-01'],
      ] as const
      const lines = [
        ['held', 7],
        ['waits', 8],
        ['small', 1],
      ] as const
      const sku = await stored(batches, lines)
      const before = await whole(sku)
      const [, second] = before.batches
      expect(await place(sku, 'held', 7)).toEqual({ batchRef: second?.ref, repeated: true })
      expect(await place(sku, 'waits', 8)).toEqual({ batchRef: null, repeated: true })
      expect(picture(await whole(sku))).toEqual(picture(before))
    })

    test.each(['held', 'waits'])('tells that the line that %s has another quantity', async (orderId) => {
      const sku = await stored(
        [[5, null]],
        [
          ['held', 5],
          ['waits', 4],
        ],
      )
      const before = await whole(sku)
      await expect(place(sku, orderId, 3)).rejects.toBeInstanceOf(allocation.errors.LineQuantityConflict)
      expect(picture(await whole(sku))).toEqual(picture(before))
    })

    test('puts a line that fits nowhere behind those that wait', async () => {
      const sku = await stored(
        [[5, null]],
        [
          ['first', 9],
          ['second', 8],
        ],
      )
      expect(await place(sku, 'third', 7)).toEqual({ batchRef: null, repeated: false })
      const { waiting } = await whole(sku)
      expect(waiting.map(({ line, told }) => [line.orderId, told])).toEqual([
        ['first', true],
        ['second', true],
        ['third', true],
      ])
    })

    test('leaves the rest alone, and nothing else can be got in its unit', async () => {
      const sku = await stored(
        [[5, null]],
        [
          ['one', 2],
          ['two', 9],
        ],
      )
      await storage.units.run(async ({ products }) => {
        ;(await products.getForLine(orderLine('new', sku, 1)))?.allocate()
        await expect(products.get(sku)).rejects.toMatchObject({ code: 'PartlyLoaded' })
        const again = products.getForLine(orderLine('another', sku, 1))
        await expect(again).rejects.toMatchObject({ code: 'PartlyLoaded' })
      })
      const { batches, waiting, version } = await whole(sku)
      expect([version, batches[0]?.availableQty, waiting.length]).toEqual([4, 2, 1])
      expect(batches[0]?.allocations.map(({ line }) => line.orderId)).toEqual(['one', 'new'])
    })

    test('is shown as the whole would be', async () => {
      const lines = [
        ['held', 7],
        ['waits', 8],
        ['small', 1],
      ] as const
      const sku = await stored(
        [
          [5, null],
          [9, '2030-01-01'],
        ],
        lines,
      )
      const shown = await storage.units.run(({ products }) => products.getToShow(sku), { readOnly: true })
      const expected = productDetails(await whole(sku))
      expect(shown && productDetails(shown)).toEqual(expected)
      expect(expected.waiting).toEqual([{ orderId: 'waits', qty: 8 }])
      expect(expected.batches.map(({ availableQty }) => availableQty)).toEqual([4, 2])
    })

    test('does with a line what the whole would, whatever there is', async () => {
      const qty = fc.integer({ min: 1, max: 9 })
      const eta = fc.constantFrom(null, '2030-01-01', '2030-02-02', '9999-12-31')
      // In the order of UTF-16 the last two change places.
      const ref = fc.constantFrom('a', 'b', '\u{ffee}', '\u{1f600}')
      const batches = fc.uniqueArray(fc.tuple(qty, eta, ref), {
        maxLength: 4,
        selector: ([, , name]) => name,
      })
      const orderId = fc.constantFrom('o1', 'o2', 'o3', 'o4', 'o5')
      const lines = fc.array(fc.tuple(orderId, qty), { maxLength: 6 })
      const given = fc.tuple(batches, lines, fc.tuple(fc.constantFrom('o1', 'o6'), qty))
      await fc.assert(
        fc.asyncProperty(given, async ([has, wanted, [order, wants]]) => {
          const first = new Map(wanted.map(([id, pieces]) => [id, pieces] as const))
          const sku = await stored(has, [...first])
          const expected = await whole(sku)
          const outcome = (work: () => unknown) => Promise.resolve().then(work).catch(String)
          const placement = await outcome(() => expected.allocate(orderLine(order, sku, wants)))
          expect(await outcome(() => place(sku, order, wants))).toEqual(placement)
          const { version } = expected
          const changed = expected.events.length > 0 ? 1 : 0
          expect(picture(await whole(sku))).toEqual({ ...picture(expected), version: version + changed })
        }),
        { numRuns: 60 },
      )
    })
  })
}
