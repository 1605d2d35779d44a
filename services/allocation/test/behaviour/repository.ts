import type { Storage } from '@posthorn/chassis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Batch } from '../../src/domain/batch.ts'
import { orderLine } from '../../src/domain/order-line.ts'
import { Product } from '../../src/domain/product.ts'
import type { Repositories } from '../../src/service-layer/unit.ts'
import { productDetails } from '../../src/views/products.ts'
import { fresh, type MakeStorage } from './allocation-service.ts'

/** Products as they are stored and found again, on any storage. */
export function repositoryBehaviour(makeStorage: MakeStorage): void {
  let storage: Storage<Repositories, 'allocation'>

  beforeAll(async () => {
    storage = await makeStorage()
    await storage.start()
  })
  afterAll(() => storage.stop())

  const stored = async (...batches: readonly [qty: number, eta: string | null][]) => {
    const sku = fresh('LAMP')
    const refs = batches.map(() => fresh('batch'))
    await storage.units.run(async (unit) => {
      const product = new Product({ sku })
      for (const [i, [qty, eta]] of batches.entries()) {
        product.createBatch(new Batch({ ref: refs[i] as string, sku, qty, eta }))
      }
      unit.products.add(product)
    })
    return { sku, refs }
  }
  const details = (sku: string) =>
    storage.units.run(async (unit) => productDetails((await unit.products.get(sku)) as Product))

  describe('the repository of products', () => {
    test('COS-27 COS-28 COS-31 keeps batches, with and without an arrival', async () => {
      const { sku, refs } = await stored([10, '2030-01-01'], [20, null])
      expect(await details(sku)).toEqual({
        sku,
        version: 1,
        batches: [
          { ref: refs[1], eta: null, purchasedQty: 20, availableQty: 20 },
          { ref: refs[0], eta: '2030-01-01', purchasedQty: 10, availableQty: 10 },
        ],
        waiting: [],
      })
    })

    test('COS-25 COS-26 COS-29 COS-30 COS-32 keeps each line where it stood, and in its turn', async () => {
      const { sku, refs } = await stored([10, null], [10, '2030-01-01'])
      const orders = ['d', 'c', 'b', 'a', 'e', 'f'].map(fresh)
      await storage.units.run(async (unit) => {
        const product = (await unit.products.get(sku)) as Product
        for (const [i, qty] of [4, 4, 9, 2, 5, 3].entries()) {
          product.allocate(orderLine(orders[i] as string, sku, qty))
        }
      })
      await storage.units.run(async (unit) => {
        const product = (await unit.products.get(sku)) as Product
        expect(
          product.batches.map(({ ref, allocations }) => [ref, allocations.map(({ line }) => line.orderId)]),
        ).toEqual([
          [refs[0], [orders[0], orders[1], orders[3]]],
          [refs[1], [orders[2]]],
        ])
        expect(product.waiting.map(({ line, told }) => [line.orderId, told])).toEqual([
          [orders[4], true],
          [orders[5], true],
        ])
        product.allocateWaiting()
        expect(product.events).toEqual([])
      })
      expect(await details(sku)).toMatchObject({ version: 2 })
    })

    test('keeps what a batch was created with beside what it holds now', async () => {
      const { sku, refs } = await stored([10, null])
      await storage.units.run(async (unit) => {
        const product = await unit.products.getByBatch(refs[0] as string)
        product?.changeBatchQuantity(refs[0] as string, 7)
      })
      await storage.units.run(async (unit) => {
        const product = (await unit.products.get(sku)) as Product
        const again = new Batch({ ref: refs[0] as string, sku, qty: 10, eta: null })
        expect(product.createBatch(again).created).toBe(false)
      })
      expect(await details(sku)).toMatchObject({ version: 2, batches: [{ purchasedQty: 7 }] })
    })

    test('COS-33 finds the product that owns a batch, among several', async () => {
      await stored([1, null])
      const { sku, refs } = await stored([1, null], [2, '2030-01-01'])
      await stored([1, null])
      await storage.units.run(async (unit) => {
        expect((await unit.products.getByBatch(refs[1] as string))?.sku).toBe(sku)
        expect(await unit.products.getByBatch(fresh('nowhere'))).toBeUndefined()
      })
    })

    test('COS-34 COS-35 writes on commit, and nothing without', async () => {
      const { sku } = await stored([10, null])
      const allocateOne = async (commit: boolean) => {
        await using unit = await storage.units.start()
        const product = (await unit.products.get(sku)) as Product
        product.allocate(orderLine(fresh('order'), sku, 3))
        if (commit) await unit.commit()
      }
      await allocateOne(false)
      expect(await details(sku)).toMatchObject({ version: 1, batches: [{ availableQty: 10 }] })
      await allocateOne(true)
      expect(await details(sku)).toMatchObject({ version: 2, batches: [{ availableQty: 7 }] })
    })

    test('COS-36 an exception undoes everything and passes through', async () => {
      const { sku } = await stored([10, null])
      const failing = storage.units.run(async (unit) => {
        const product = (await unit.products.get(sku)) as Product
        product.allocate(orderLine(fresh('order'), sku, 3))
        throw new Error('on purpose')
      })
      await expect(failing).rejects.toThrow('on purpose')
      expect(await details(sku)).toMatchObject({ version: 1, batches: [{ availableQty: 10 }] })
    })

    test('COS-37 COS-38 COS-39 COS-40 of two that allocate at once without a lock one fails, and the other is all there is', async () => {
      const { sku } = await stored([10, null])
      const units = [await storage.units.start(), await storage.units.start()]
      const orders = [fresh('order'), fresh('order')]
      for (const [i, unit] of units.entries()) {
        const product = (await unit.products.get(sku)) as Product
        product.allocate(orderLine(orders[i] as string, sku, 3))
      }
      const ends = await Promise.allSettled(units.map((unit) => unit.commit()))
      const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
      expect(failures).toMatchObject([{ code: 'ConcurrencyConflict', retryable: true }])
      expect(await details(sku)).toMatchObject({ version: 2, batches: [{ availableQty: 7 }] })
      const kept = await storage.units.run(async (unit) => (await unit.products.get(sku))?.batches[0])
      expect(kept?.allocations).toHaveLength(1)
    })
  })
}
