import { defineEntity, LockMode, MikroORM, p } from '@mikro-orm/postgresql'
import { contendChanging } from './contend-changing.ts'
import { lineChanged } from './orders.ts'

const Order = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.text().primary(),
    version: p.integer().version(),
    customer: p.text(),
    total: p.integer(),
    lines: () => p.oneToMany(Line).mappedBy('order'),
  },
})

const Line = defineEntity({
  name: 'Line',
  tableName: 'order_lines',
  properties: {
    order: () => p.manyToOne(Order).primary().name('order_id'),
    sku: p.text().primary(),
    qty: p.integer(),
  },
})

const Message = defineEntity({
  name: 'Message',
  tableName: 'posthorn_outbox',
  properties: {
    position: p.bigint().primary().autoincrement(),
    key: p.text(),
    depth: p.integer(),
    messageId: p.text().name('message_id'),
    type: p.text(),
    kind: p.text(),
    version: p.integer(),
    time: p.text(),
    correlationId: p.text().name('correlation_id'),
    body: p.text(),
    availableAt: p.datetime().name('available_at'),
  },
})

await contendChanging(async (clientUrl, max) => {
  const orm = await MikroORM.init({
    clientUrl,
    entities: [Order, Line, Message],
    pool: { min: 0, max },
    discovery: { warnWhenNoEntities: false },
    ensureDatabase: false,
  })
  return {
    async change(orderId, sku) {
      await orm.em.fork().transactional(async (em) => {
        const order = await em.findOneOrFail(
          Order,
          { id: orderId },
          { populate: ['lines'], lockMode: LockMode.PESSIMISTIC_WRITE, strategy: 'select-in' },
        )
        const line = order.lines.find((candidate) => candidate.sku === sku)
        if (line === undefined) throw new Error(`There is no ${sku} in ${orderId}`)
        order.total += 1
        line.qty += 1
        em.create(Message, lineChanged(orderId, sku, line.qty, order.total))
      })
    },
    end: () => orm.close(),
  }
})
