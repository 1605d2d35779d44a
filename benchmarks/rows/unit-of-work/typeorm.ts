import 'reflect-metadata'
import { DataSource, EntitySchema } from 'typeorm'
import { contendChanging } from './contend-changing.ts'
import { lineChanged } from './orders.ts'

interface Order {
  id: string
  version: number
  customer: string
  total: number
  lines: Line[]
}

interface Line {
  orderId: string
  sku: string
  qty: number
  order: Order
}

type Message = ReturnType<typeof lineChanged> & { position: string }

const orders = new EntitySchema<Order>({
  name: 'Order',
  tableName: 'orders',
  columns: {
    id: { type: 'text', primary: true },
    version: { type: 'integer', version: true },
    customer: { type: 'text' },
    total: { type: 'integer' },
  },
  relations: { lines: { type: 'one-to-many', target: 'Line', inverseSide: 'order', cascade: ['update'] } },
})

const lines = new EntitySchema<Line>({
  name: 'Line',
  tableName: 'order_lines',
  columns: {
    orderId: { type: 'text', primary: true, name: 'order_id' },
    sku: { type: 'text', primary: true },
    qty: { type: 'integer' },
  },
  relations: {
    order: {
      type: 'many-to-one',
      target: 'Order',
      inverseSide: 'lines',
      joinColumn: { name: 'order_id' },
    },
  },
})

const messages = new EntitySchema<Message>({
  name: 'Message',
  tableName: 'posthorn_outbox',
  columns: {
    position: { type: 'bigint', primary: true, generated: 'increment' },
    key: { type: 'text' },
    depth: { type: 'integer' },
    messageId: { type: 'text', name: 'message_id' },
    type: { type: 'text' },
    kind: { type: 'text' },
    version: { type: 'integer' },
    time: { type: 'text' },
    correlationId: { type: 'text', name: 'correlation_id' },
    body: { type: 'text' },
    availableAt: { type: 'timestamptz', name: 'available_at' },
  },
})

await contendChanging(async (url, poolSize) => {
  const source = new DataSource({ type: 'postgres', url, poolSize, entities: [orders, lines, messages] })
  await source.initialize()
  return {
    async change(orderId, sku) {
      await source.transaction(async (manager) => {
        const order = await manager.findOneOrFail(orders, {
          where: { id: orderId },
          relations: { lines: true },
          lock: { mode: 'pessimistic_write', tables: ['orders'] },
        })
        const line = order.lines.find((candidate) => candidate.sku === sku)
        if (line === undefined) throw new Error(`There is no ${sku} in ${orderId}`)
        order.total += 1
        line.qty += 1
        await manager.save(orders, order)
        await manager.insert(messages, lineChanged(orderId, sku, line.qty, order.total))
      })
    },
    end: () => source.destroy(),
  }
})
