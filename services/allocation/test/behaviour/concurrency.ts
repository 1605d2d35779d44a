import { allocation } from '@posthorn/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fresh, type MakeStorage, type RunningAllocation, startAllocation } from './allocation-service.ts'

const { Allocate, CancelLine, ChangeBatchQuantity, CreateBatch, GetProduct, RebuildAllocations } =
  allocation.commands

/** What holds when much happens at once, on any storage. */
export function concurrencyBehaviour(makeStorage: MakeStorage): void {
  let running: RunningAllocation

  beforeAll(async () => {
    running = await startAllocation(makeStorage)
  })
  afterAll(async () => {
    await running?.stop()
  })

  const addBatch = async (sku: string, qty: number, ref = fresh('batch')) => {
    await running.service.bus.handle(CreateBatch({ ref, sku, qty }))
    return ref
  }
  const outcomes = async (work: readonly Promise<unknown>[]) =>
    (await Promise.allSettled(work)).map((end) =>
      end.status === 'fulfilled' ? 'done' : (end.reason as Error).name,
    )

  describe('at once', () => {
    test('many orders for one product sell all of it and no more, and count each commit once', async () => {
      const { bus } = running.service
      const sku = fresh('LAMP')
      await addBatch(sku, 20)
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, n) => bus.handle(Allocate({ orderId: fresh(`${n}`), sku, qty: 1 }))),
      )
      expect(results.filter(({ status }) => status === 'allocated')).toHaveLength(20)
      const product = await bus.handle(GetProduct({ sku }))
      expect(product).toMatchObject({ version: 31, batches: [{ availableQty: 0 }] })
      expect(product.waiting).toHaveLength(10)
    })

    test('one line asked for many times is allocated once', async () => {
      const { bus } = running.service
      const sku = fresh('LAMP')
      await addBatch(sku, 20)
      const line = { orderId: fresh('order'), sku, qty: 2 }
      const results = await Promise.all(Array.from({ length: 8 }, () => bus.handle(Allocate(line))))
      expect(results.filter(({ repeated }) => !repeated)).toHaveLength(1)
      expect(await bus.handle(GetProduct({ sku }))).toMatchObject({
        version: 2,
        batches: [{ availableQty: 18 }],
      })
    })

    test('batches of a new product are all created', async () => {
      const sku = fresh('LAMP')
      await Promise.all(Array.from({ length: 6 }, () => addBatch(sku, 1)))
      const { version, batches } = await running.service.bus.handle(GetProduct({ sku }))
      expect([version, batches.length]).toEqual([6, 6])
    })

    test('a reference belongs to one product, whoever is first', async () => {
      const ref = fresh('batch')
      const ends = await outcomes(Array.from({ length: 5 }, () => addBatch(fresh('LAMP'), 1, ref)))
      expect(ends.sort()).toEqual([...Array(4).fill('BatchConflict'), 'done'])
    })

    test('changes of quantity among orders leave no batch oversold and nobody waiting in vain', async () => {
      const { bus } = running.service
      const sku = fresh('LAMP')
      const refs = [await addBatch(sku, 10), await addBatch(sku, 10)]
      await Promise.all(
        Array.from({ length: 24 }, (_, n) =>
          n % 4 === 3
            ? bus.handle(ChangeBatchQuantity({ ref: refs[n % 8 === 3 ? 0 : 1] as string, qty: n }))
            : bus.handle(Allocate({ orderId: fresh(`${n}`), sku, qty: 1 + (n % 5) })),
        ),
      )
      await expect.poll(async () => (await running.storage.outbox.depth()).local).toBe(0)
      const { batches, waiting } = await bus.handle(GetProduct({ sku }))
      const most = Math.max(...batches.map(({ availableQty }) => availableQty))
      expect(batches.every(({ availableQty }) => availableQty >= 0)).toBe(true)
      expect(waiting.filter(({ qty }) => qty <= most)).toEqual([])
    })
  })

  describe('the view of allocations', () => {
    test('is made anew from the products, as it was', async () => {
      const { bus } = running.service
      const { units } = running.storage
      const sku = fresh('LAMP')
      await addBatch(sku, 3)
      const orders = [fresh('order'), fresh('order')]
      for (const orderId of orders) await bus.handle(Allocate({ orderId, sku, qty: 2 }))
      const shown = () =>
        units.run((unit) => Promise.all(orders.map((orderId) => unit.allocations.ofOrder(orderId))))
      const before = await shown()
      await units.run((unit) =>
        unit.allocations.record({ ...before[0]?.[0], batchRef: 'wrong', version: 99 } as never),
      )
      expect(await shown()).not.toEqual(before)
      const { lines } = await bus.handle(RebuildAllocations({}))
      expect(lines).toBeGreaterThanOrEqual(2)
      expect((await shown()).map((entries) => entries.map(({ batchRef }) => batchRef))).toEqual(
        before.map((entries) => entries.map(({ batchRef }) => batchRef)),
      )
    })

    test('is made anew while much happens, and nobody ever misses a line that was there', async () => {
      const { bus } = running.service
      const { units } = running.storage
      const skus = [fresh('LAMP'), fresh('CHAIR'), fresh('TABLE')]
      const refs: string[] = []
      for (const sku of skus) refs.push(await addBatch(sku, 8), await addBatch(sku, 8))
      const read = (orderId: string) => units.run((unit) => unit.allocations.ofOrder(orderId))
      const kept = fresh('order')
      for (const sku of skus) await bus.handle(Allocate({ orderId: kept, sku, qty: 1 }))

      let busy = true
      const missed: unknown[] = []
      const reader = async () => {
        while (busy) {
          const lines = await read(kept)
          if (lines.length !== skus.length) missed.push(lines)
        }
      }
      const rebuilder = async () => {
        let times = 0
        for (; busy; times++) await bus.handle(RebuildAllocations({}))
        return times
      }
      const orders = [kept]
      const writer = async (n: number) => {
        const sku = skus[n % 3] as string
        for (let step = 0; step < 12; step++) {
          const orderId = fresh('order')
          orders.push(orderId)
          const asked = [sku, skus[(n + 1) % 3] as string]
          for (const each of asked)
            await bus.handle(Allocate({ orderId, sku: each, qty: 1 + ((n + step) % 4) }))
          const lines = await read(orderId)
          if (lines.length !== 2) missed.push(lines)
          if (step % 3 === n % 3) await bus.handle(CancelLine({ orderId, sku }))
          if (step % 3 === n % 3 && (await read(orderId)).length !== 1) missed.push('a line that is gone')
          const ref = refs[(n + step) % refs.length] as string
          if (step % 2 === 0) await bus.handle(ChangeBatchQuantity({ ref, qty: (n * 5 + step * 7) % 17 }))
        }
      }
      const beside = [reader(), rebuilder(), rebuilder()]
      await Promise.all([0, 1, 2, 3, 4].map(writer)).finally(() => {
        busy = false
      })
      const [, ...rebuilds] = await Promise.all(beside)
      await expect.poll(async () => (await running.storage.outbox.depth()).local, { timeout: 5_000 }).toBe(0)

      const shown = async () =>
        (await Promise.all(orders.map(read)))
          .flat()
          .map(({ orderId, sku, qty, batchRef }) => `${orderId} ${sku} ${qty} ${batchRef}`)
      const derived = await units.run(async (unit) => {
        const products = await Promise.all(skus.map((sku) => unit.products.get(sku)))
        return products.flatMap((product) => [
          ...(product?.batches ?? []).flatMap(({ ref, allocations }) =>
            allocations.map(({ line }) => `${line.orderId} ${line.sku} ${line.qty} ${ref}`),
          ),
          ...(product?.waiting ?? []).map(({ line }) => `${line.orderId} ${line.sku} ${line.qty} null`),
        ])
      })
      expect(missed).toEqual([])
      expect(rebuilds.every((times) => Number(times) > 1)).toBe(true)
      expect((await shown()).sort()).toEqual([...derived].sort())
      const live = await shown()
      await bus.handle(RebuildAllocations({}))
      expect(await shown()).toEqual(live)
    }, 60_000)

    test('keeps the newest entry of a line, in whatever order they come', async () => {
      const { units } = running.storage
      const orderId = fresh('order')
      const entry = { orderId, sku: fresh('LAMP'), qty: 1 }
      for (const [batchRef, version] of [
        ['new', 5],
        ['old', 4],
        ['same', 5],
      ] as const) {
        await units.run((unit) => unit.allocations.record({ ...entry, batchRef, version }))
      }
      expect(await units.run((unit) => unit.allocations.ofOrder(orderId))).toMatchObject([
        { batchRef: 'new' },
      ])
    })
  })
}
