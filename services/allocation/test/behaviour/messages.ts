import { allocation, notifications } from '@posthorn/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fresh, type MakeStorage, type RunningAllocation, startAllocation } from './allocation-service.ts'

const { Allocate, ChangeBatchQuantity, CreateBatch, GetProduct } = allocation.commands
const { AllocationRequired, Allocated, Deallocated, OutOfStock } = allocation.events

/** What notifications hears of. */
const HEARD: ReadonlySet<string> = new Set([OutOfStock, Allocated, Deallocated].map(({ type }) => type))

/** What other domains and clients see of the service, on any storage. */
export function messageBehaviour(makeStorage: MakeStorage): void {
  let running: RunningAllocation
  const warehouse = () => running.run.as('warehouse')
  const storefront = () => running.run.as('storefront')
  const notifier = () => running.run.as('notifications')

  beforeAll(async () => {
    running = await startAllocation(makeStorage)
  })
  afterAll(async () => {
    await running?.stop()
  })

  const addBatch = async (sku: string, qty: number, eta?: string) => {
    const ref = fresh('batch')
    expect(await warehouse().call(CreateBatch({ ref, sku, qty, eta }))).toEqual({
      ref,
      created: true,
      purchasedQty: qty,
      availableQty: qty,
    })
    return ref
  }
  const publishedOf = async (sku: string) => {
    await running.run.settled()
    return running.run
      .published()
      .filter(({ type }) => HEARD.has(type))
      .filter(({ payload }) => (payload as { sku: string }).sku === sku)
  }
  const heardOf = async (sku: string) =>
    (await publishedOf(sku)).map(({ type, payload }) => [type.replace('allocation.', ''), payload])

  describe('commands', () => {
    test('COS-15 COS-16 the warehouse adds batches to a new and to a known product', async () => {
      const sku = fresh('LAMP')
      const refs = [await addBatch(sku, 10), await addBatch(sku, 20, '2030-01-01')]
      const product = await notifier().call(GetProduct({ sku }))
      expect(product.batches.map(({ ref }) => ref)).toEqual(refs)
    })

    test('COS-17 COS-18 COS-20 the storefront allocates and is told the batch', async () => {
      const sku = fresh('LAMP')
      const batchRef = await addBatch(sku, 100)
      const line = { orderId: fresh('order'), sku, qty: 10 }
      expect(await storefront().call(Allocate(line))).toEqual({
        status: 'allocated',
        batchRef,
        repeated: false,
      })
      expect(await storefront().call(Allocate(line))).toEqual({
        status: 'allocated',
        batchRef,
        repeated: true,
      })
      expect(await notifier().call(GetProduct({ sku }))).toMatchObject({ batches: [{ availableQty: 90 }] })
    })

    test('COS-19 an unknown SKU is the declared error, also when others exist', async () => {
      await addBatch(fresh('LAMP'), 1)
      const sku = fresh('NOBODY')
      const asked = storefront().call(Allocate({ orderId: fresh('order'), sku, qty: 1 }))
      await expect(asked).rejects.toThrow(allocation.errors.InvalidSku)
      await expect(asked).rejects.toThrow(`Invalid sku ${sku}`)
    })

    test('a repeated message gets the first answer', async () => {
      const sku = fresh('LAMP')
      await addBatch(sku, 10)
      const command = Allocate({ orderId: fresh('order'), sku, qty: 10 })
      const first = await storefront().call(command)
      expect(first).toMatchObject({ repeated: false })
      expect(await storefront().call(command)).toEqual(first)
    })

    test('nobody may use what the contract does not allow', async () => {
      const batch = CreateBatch({ ref: fresh('batch'), sku: fresh('LAMP'), qty: 1 })
      // @ts-expect-error the storefront has no stock to add
      await expect(storefront().call(batch)).rejects.toMatchObject({ outcome: 'not-executed' })
      const rebuild = allocation.commands.RebuildAllocations({})
      // @ts-expect-error only the service itself rebuilds its view
      await expect(warehouse().call(rebuild)).rejects.toMatchObject({ outcome: 'not-executed' })
    })
  })

  describe('events', () => {
    test('COS-23 shrinking a batch moves the last line to the next batch, for all to hear', async () => {
      const sku = fresh('LAMP')
      const [first, second] = [await addBatch(sku, 50), await addBatch(sku, 50, '2030-01-01')]
      const orders = [fresh('order'), fresh('order')]
      for (const orderId of orders) await storefront().call(Allocate({ orderId, sku, qty: 20 }))
      const answer = await warehouse().call(ChangeBatchQuantity({ ref: first, qty: 25 }))
      expect(answer).toEqual({ ref: first, qty: 25, availableQty: 5, released: 1 })

      const moved = { orderId: orders[1], sku, qty: 20 }
      expect(await heardOf(sku)).toEqual([
        ['Allocated', { orderId: orders[0], sku, qty: 20, batchRef: first, version: 3 }],
        ['Allocated', { ...moved, batchRef: first, version: 4 }],
        ['Deallocated', { ...moved, batchRef: first, reason: 'released', version: 5 }],
        ['Allocated', { ...moved, batchRef: second, version: 6 }],
      ])
      const { batches } = await notifier().call(GetProduct({ sku }))
      expect(batches.map(({ availableQty }) => availableQty)).toEqual([5, 30])
    })

    test('the released line is tried by a message of its own, which never leaves the service', async () => {
      const sku = fresh('LAMP')
      const ref = await addBatch(sku, 10)
      const orderId = fresh('order')
      await storefront().call(Allocate({ orderId, sku, qty: 10 }))
      await warehouse().call(ChangeBatchQuantity({ ref, qty: 9 }))
      const published = await publishedOf(sku)
      expect(published.map(({ type }) => type)).toEqual([Allocated.type, Deallocated.type, OutOfStock.type])
      const [, deallocated, outOfStock] = published
      expect(outOfStock?.correlationId).toBe(deallocated?.correlationId)
      expect(outOfStock?.causationId).not.toBe(deallocated?.causationId)
      const tried = running.run
        .handled(AllocationRequired)
        .filter(({ message }) => message.payload.sku === sku)
      expect(tried).toMatchObject([{ handler: 'allocation.AllocationRequired/reallocate' }])
      expect(AllocationRequired.private).toBe(true)
    })
  })

  describe('whoever is to be told', () => {
    const watchersOf = async (orderId: string) => {
      await running.run.settled()
      const watches = running.run.sent(notifications.commands.Watch)
      return watches.filter((watch) => watch.orderId === orderId).map(({ email }) => email)
    }

    test('is sent as Watch with every request that names them, and the line stays as it is', async () => {
      const sku = fresh('LAMP')
      await addBatch(sku, 10)
      const line = { orderId: fresh('order'), sku, qty: 1 }
      for (const notify of [undefined, 'a@example.com', null, 'b@example.com']) {
        await storefront().call(Allocate({ ...line, notify }))
      }
      expect(await watchersOf(line.orderId)).toEqual(['a@example.com', 'b@example.com'])
      expect(await notifier().call(GetProduct({ sku }))).toMatchObject({ version: 2 })
      expect((await heardOf(sku)).map(([name]) => name)).toEqual(['Allocated'])
    })

    test('is sent once when the same message comes again', async () => {
      const sku = fresh('LAMP')
      await addBatch(sku, 10)
      const orderId = fresh('order')
      const command = Allocate({ orderId, sku, qty: 1, notify: 'a@example.com' })
      await storefront().call(command)
      await storefront().call(command)
      expect(await watchersOf(orderId)).toHaveLength(1)
    })

    test('is not sent when the request fails', async () => {
      const orderId = fresh('order')
      const asked = storefront().call(
        Allocate({ orderId, sku: fresh('NOBODY'), qty: 1, notify: 'a@example.com' }),
      )
      await expect(asked).rejects.toThrow(allocation.errors.InvalidSku)
      expect(await watchersOf(orderId)).toEqual([])
    })
  })
}
