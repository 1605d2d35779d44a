import { allocation } from '@posthorn/contracts'
import type { Event } from '@posthorn/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fresh, type MakeStorage, type RunningAllocation, startAllocation } from './allocation-service.ts'
import { requestsTo } from './requests.ts'

const { Allocate, CancelLine } = allocation.commands
const { BatchCreated } = allocation.events

/** What becomes of a line that its order no longer wants, on any storage. */
export function cancellingBehaviour(makeStorage: MakeStorage): void {
  let running: RunningAllocation
  const http = requestsTo(() => running.service)
  const storefront = () => running.run.as('storefront')

  beforeAll(async () => {
    running = await startAllocation(makeStorage)
  })
  afterAll(async () => {
    await running?.stop()
  })

  const placed = async (sku: string, qty: number, orderId = fresh('order')) => {
    await http.post('/allocations', { orderId, sku, qty })
    return { orderId, sku, qty, url: `/allocations/${orderId}/${sku}` }
  }
  const linesOf = async (orderId: string) => (await http.get(`/allocations/${orderId}`)).body
  const publishedOf = (sku: string) =>
    running.run
      .published()
      .filter(({ type, payload }) => type !== BatchCreated.type && (payload as { sku: string }).sku === sku)
  /** What all have heard of a SKU, once there is nothing more to hear. */
  const heardOf = async (sku: string) => {
    await running.run.settled()
    return publishedOf(sku).map(({ type, payload }) => [type.replace('allocation.', ''), payload])
  }

  describe('DELETE /allocations/:orderId/:sku', () => {
    test('answers 204, and the line is gone; the second time 404', async () => {
      const sku = fresh('LAMP')
      await http.addBatch(sku, 10)
      const { url, orderId } = await placed(sku, 4)
      expect(await http.delete(url)).toMatchObject({ status: 204, body: undefined })
      expect(await http.get(`/allocations/${orderId}`)).toMatchObject({ status: 404 })
      expect(await http.delete(url)).toMatchObject({
        status: 404,
        headers: { 'content-type': expect.stringContaining('application/problem+json') },
        body: { code: 'LineNotFound', detail: `Order ${orderId} has no line of ${sku}` },
      })
      expect(await http.get(`/products/${sku}`)).toMatchObject({
        body: { version: 3, batches: [{ availableQty: 10 }], waiting: [] },
      })
    })

    test('answers 404 to a SKU that nobody has ever had', async () => {
      const url = `/allocations/${fresh('order')}/${fresh('NOBODY')}`
      expect(await http.delete(url)).toMatchObject({ status: 404, body: { code: 'LineNotFound' } })
    })

    test('leaves the order’s other lines alone', async () => {
      const [lamp, chair] = [fresh('LAMP'), fresh('CHAIR')]
      for (const sku of [lamp, chair]) await http.addBatch(sku, 10)
      const { url, orderId } = await placed(lamp, 1)
      await placed(chair, 1, orderId)
      await http.delete(url)
      expect(await linesOf(orderId)).toMatchObject([{ sku: chair }])
    })

    test('what it held serves those that wait, in the order in which they came, in the same version', async () => {
      const sku = fresh('LAMP')
      const ref = await http.addBatch(sku, 10)
      const { url, ...line } = await placed(sku, 10)
      const waiting = [await placed(sku, 4), await placed(sku, 7), await placed(sku, 6)]
      await http.delete(url)
      for (const [i, batchRef] of [ref, null, ref].entries()) {
        expect(await linesOf(waiting[i]?.orderId as string)).toMatchObject([{ batchRef }])
      }
      const { orderId, qty } = line
      expect((await heardOf(sku)).slice(4)).toEqual([
        ['Deallocated', { orderId, sku, qty, batchRef: ref, reason: 'cancelled', version: 6 }],
        ['Allocated', { orderId: waiting[0]?.orderId, sku, qty: 4, batchRef: ref, version: 6 }],
        ['Allocated', { orderId: waiting[2]?.orderId, sku, qty: 6, batchRef: ref, version: 6 }],
      ])
    })

    test('a line that waits disappears from the queue and from the view, for all to hear', async () => {
      const sku = fresh('LAMP')
      await http.addBatch(sku, 3)
      const { url, orderId } = await placed(sku, 4)
      expect(await http.delete(url)).toMatchObject({ status: 204 })
      expect(await http.get(`/allocations/${orderId}`)).toMatchObject({ status: 404 })
      expect(await http.get(`/products/${sku}`)).toMatchObject({ body: { version: 3, waiting: [] } })
      const cancelled = ['BackorderCancelled', { orderId, sku, qty: 4, version: 3 }]
      expect((await heardOf(sku)).at(-1)).toEqual(cancelled)
    })

    test('a line may be asked for anew, with another quantity, and begins afresh', async () => {
      const sku = fresh('LAMP')
      const ref = await http.addBatch(sku, 10)
      const { url, orderId } = await placed(sku, 4)
      await http.delete(url)
      expect(await http.post('/allocations', { orderId, sku, qty: 5 })).toMatchObject({ status: 201 })
      expect(await linesOf(orderId)).toEqual([{ sku, qty: 5, status: 'allocated', batchRef: ref }])
      const names = (await heardOf(sku)).map(([name]) => name)
      expect(names).toEqual(['Allocated', 'Deallocated', 'Allocated'])
    })
  })

  test('CancelLine tells the storefront where the line stood', async () => {
    const sku = fresh('LAMP')
    const batchRef = await http.addBatch(sku, 10)
    const [orderId, waiting] = [fresh('order'), fresh('order')]
    await storefront().call(Allocate({ orderId, sku, qty: 6 }))
    await storefront().call(Allocate({ orderId: waiting, sku, qty: 11 }))
    expect(await storefront().call(CancelLine({ orderId, sku }))).toEqual({ status: 'allocated', batchRef })
    expect(await storefront().call(CancelLine({ orderId: waiting, sku }))).toEqual({
      status: 'backordered',
      batchRef: null,
    })
    const again = storefront().call(CancelLine({ orderId, sku }))
    await expect(again).rejects.toThrow(allocation.errors.LineNotFound)
    await expect(again).rejects.toMatchObject({ data: { orderId, sku } })
  })

  describe('an event that is replayed', () => {
    test.each([
      ['Allocated', 'before', []],
      ['Deallocated', 'before', []],
      ['Allocated', 'between', [{ qty: 2 }]],
      ['Deallocated', 'between', [{ qty: 2 }]],
    ] as const)('does not change the view: %s from %s', async (name, when, shown) => {
      const { bus } = running.service
      const sku = fresh('LAMP')
      await http.addBatch(sku, 10)
      const { url, orderId } = await placed(sku, 4)
      await http.delete(url)
      await running.run.settled()
      const event = publishedOf(sku).find(({ type }) => type === `allocation.${name}`)
      if (when === 'between') await placed(sku, 2, orderId)
      await bus.handle(event as Event)
      const lines = await running.storage.units.run((unit) => unit.allocations.ofOrder(orderId))
      expect(lines).toMatchObject(shown)
      expect(lines).toHaveLength(shown.length)
    })
  })
}
