import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { eventually } from '../../running-system/eventually.ts'
import type { Door } from './doors.ts'
import type { HostileSystem } from './hostile-system.ts'
import { validMessage } from './valid-message.ts'

/** One good message of each kind through each door, and what it must bring about. */
export async function expectGoodMessagesServed(hostile: HostileSystem): Promise<void> {
  const run = randomUUID().slice(0, 8)
  const [sku, other, orderId] = [`sku-${run}`, `other-${run}`, `order-${run}`]
  const door = (what: string): Door => {
    const found = hostile.doors.find((one) => one.what === what)
    if (found === undefined) throw new Error(`There is no door where ${what}`)
    return found
  }
  const send = async (what: string, payload: object) => {
    const { properties } = validMessage(door(what), 0)
    await hostile.send(door(what), { properties, body: Buffer.from(JSON.stringify(payload)) })
    return properties.messageId
  }
  const call = async (what: string, payload: object): Promise<Record<string, unknown>> => {
    const id = await send(what, payload)
    const answer = await eventually(
      () => hostile.answers.find(({ callId }) => callId === id),
      `an answer where ${what}`,
    )
    return JSON.parse(answer.body)
  }
  const stockOf = async (product: string) =>
    (await call('notifications calls GetProduct', { sku: product })) as {
      batches?: { availableQty: number }[]
    }
  const eventuallyAvailable = (product: string, qty: number) =>
    eventually(
      async () =>
        (await stockOf(product)).batches?.some(({ availableQty }) => availableQty === qty) || undefined,
      `${qty} of ${product}`,
    )

  const eventuallyMailed = (...subjects: readonly string[]) =>
    eventually(
      () => subjects.every((subject) => hostile.mails.has(subject)) || undefined,
      `the mails ${subjects.join(', ')}`,
    )

  await send('warehouse sends CreateBatch', { ref: `batch-${run}`, sku, qty: 10 })
  await eventuallyAvailable(sku, 10)
  expect(
    await call('warehouse calls CreateBatch', { ref: `more-${run}`, sku: other, qty: 5, eta: '2030-01-31' }),
  ).toMatchObject({ created: true })
  expect(await call('storefront calls Allocate', { orderId, sku, qty: 3 })).toMatchObject({
    status: 'allocated',
  })
  await eventuallyAvailable(sku, 7)
  await send('storefront sends CancelLine', { orderId, sku })
  await eventuallyAvailable(sku, 10)
  await send('storefront sends Allocate', { orderId, sku: other, qty: 5 })
  await eventuallyAvailable(other, 0)
  expect(await call('storefront calls CancelLine', { orderId, sku: other })).toMatchObject({
    status: 'allocated',
  })
  expect(await call('warehouse calls ChangeBatchQuantity', { ref: `batch-${run}`, qty: 20 })).toMatchObject({
    availableQty: 20,
  })
  await send('warehouse sends ChangeBatchQuantity', { ref: `batch-${run}`, qty: 30 })
  await eventuallyAvailable(sku, 30)

  const watched = `watched-${run}`
  expect(await call('allocation calls Watch', { orderId: watched, email: `${run}@example.com` })).toEqual({
    watching: true,
  })
  await send('allocation sends Watch', { orderId: watched, email: `${run}@example.org` })
  const mail = { recipient: `${run}@example.net`, subject: `Called ${run}`, text: 'x' }
  expect(await call('allocation calls Notify', mail)).toHaveProperty('id')
  await send('allocation sends Notify', { ...mail, subject: `Sent ${run}` })
  const line = { orderId: watched, sku, qty: 1 }
  await send("allocation's event OutOfStock", { ...line, version: 1 })
  await send("allocation's event Allocated", { ...line, version: 2, batchRef: 'b' })
  await eventuallyMailed(`Order ${watched}: ${sku} is allocated`)
  await send("allocation's event Deallocated", { ...line, version: 3, batchRef: 'b', reason: 'released' })
  await eventuallyMailed(
    `Called ${run}`,
    `Sent ${run}`,
    `Out of stock for ${sku}`,
    `Order ${watched}: ${sku} waits again`,
  )
}
