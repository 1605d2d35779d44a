import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allocation, system as contracts, notifications } from '@posthorn/contracts'
import { defineSystem, type MessageOf } from '@posthorn/core'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AllocationClient, allocationClient } from '../demo/allocation-client.ts'
import { readDemoFiles } from '../demo/demo-files.ts'
import { loadFiles } from '../demo/load-files.ts'
import { eventually } from '../running-system/eventually.ts'
import type { RunningSystem } from '../running-system/running-system.ts'
import { startE2eSystem } from './e2e-system.ts'
import { startInProcess } from './model/in-process.ts'

const { Allocated } = allocation.events

/** The services' system, in which the warehouse hears also what is allocated. */
const system = defineSystem({
  domains: [allocation, notifications],
  clients: { warehouse: { subscribes: [Allocated] }, storefront: {} },
  subscriptions: { notifications: contracts.subscriptions.get('notifications') ?? [] },
})

const heard: MessageOf<typeof Allocated>[] = []
let running: RunningSystem
let http: AllocationClient
let warehouse: RabbitMqExternalBus<'warehouse'>
let folder: string

beforeAll(async () => {
  running = await startE2eSystem({ system, start: startInProcess, env: { LOG_LEVEL: 'fatal' } })
  http = allocationClient(running.allocation.url)
  const { namespace } = running.broker
  const url = running.broker.urlFor('warehouse')
  warehouse = new RabbitMqExternalBus({ url, domain: 'warehouse', system, namespace })
  warehouse.registerEventHandlers(Allocated, async (event) => heard.push(event))
  await warehouse.start()
  folder = await mkdtemp(join(tmpdir(), 'posthorn-files-'))
}, 60_000)

afterAll(async () => {
  await warehouse?.stop()
  await running?.stop()
  await rm(folder, { recursive: true, force: true })
})

const linesOf = async (orderId: string) => (await http.get(`/allocations/${orderId}`)).body

test('COS-47 a change of quantity from the broker leads to a message that the line is in the later batch', async () => {
  const sku = 'LAMP'
  await http.createBatch({ ref: 'earlier', sku, qty: 10, eta: '2030-01-01' })
  await http.createBatch({ ref: 'later', sku, qty: 10, eta: '2030-01-02' })
  expect(await http.allocate({ orderId: 'order-1', sku, qty: 10 })).toMatchObject({ status: 201 })

  await warehouse.send(allocation.commands.ChangeBatchQuantity({ ref: 'earlier', qty: 5 }))

  const moved = { orderId: 'order-1', sku, qty: 10, batchRef: 'later', version: 5 }
  const isMove = ({ payload }: MessageOf<typeof Allocated>) => payload.batchRef === 'later'
  const message = await eventually(() => heard.find(isMove), 'the line to be in the later batch', 3_000)
  expect(message.payload).toEqual(moved)
  expect(await linesOf('order-1')).toMatchObject([{ sku, batchRef: 'later' }])
})

const load = async (batches: readonly string[], orders: readonly string[]) => {
  const files = { batches: join(folder, 'batches.csv'), orders: join(folder, 'orders.csv') }
  await writeFile(files.batches, ['ref,sku,qty,eta', ...batches, ''].join('\n'))
  await writeFile(files.orders, ['orderId,sku,qty,notify', ...orders, ''].join('\n'))
  return loadFiles(http, await readDemoFiles(files), () => undefined)
}
const batches = ['stock,CHAIR,6,', 'shipment,CHAIR,10,2030-01-01']
const orders = ['order-2,CHAIR,4,', 'order-3,CHAIR,4,', 'order-4,NOBODY,1,']

test('COS-50 batches and orders are read from files, and the allocations can be read', async () => {
  expect(await load(batches, orders)).toMatchObject({ batches: 2, allocated: 2, unknownSku: 1 })
  expect(await linesOf('order-2')).toEqual([{ sku: 'CHAIR', qty: 4, status: 'allocated', batchRef: 'stock' }])
  expect(await linesOf('order-3')).toMatchObject([{ batchRef: 'shipment' }])
})

test('COS-51 files that are read again leave what is allocated where it is, and add what is new', async () => {
  await load(batches, orders)
  const more = [...orders, 'order-5,CHAIR,2,', 'order-6,CHAIR,2,']
  expect(await load(batches, more)).toMatchObject({ batches: 0, repeated: 4, allocated: 2 })
  for (const [orderId, batchRef] of [
    ['order-2', 'stock'],
    ['order-3', 'shipment'],
    ['order-5', 'stock'],
    ['order-6', 'shipment'],
  ] as const) {
    expect(await linesOf(orderId)).toMatchObject([{ batchRef }])
  }
  expect(await http.get('/products/CHAIR')).toMatchObject({
    body: { batches: [{ availableQty: 0 }, { availableQty: 4 }], waiting: [] },
  })
})
