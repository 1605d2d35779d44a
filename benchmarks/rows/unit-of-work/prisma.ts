import { PrismaPg } from '@prisma/adapter-pg'
import { contendChanging } from './contend-changing.ts'
import { lineChanged } from './orders.ts'
import { PrismaClient } from './prisma-client/client.js'

/** A busy machine is no reason to give up; its own limits are 2 s and 5 s. In ms. */
const transactionOptions = { maxWait: 30_000, timeout: 30_000 }

await contendChanging(async (connectionString, max) => {
  const adapter = new PrismaPg({ connectionString, max })
  const prisma = new PrismaClient({ adapter, transactionOptions })
  return {
    async change(orderId, sku) {
      await prisma.$transaction(async (tx) => {
        const order = await tx.order.findUniqueOrThrow({ where: { id: orderId }, include: { lines: true } })
        const line = order.lines.find((candidate) => candidate.sku === sku)
        if (line === undefined) throw new Error(`There is no ${sku} in ${orderId}`)
        const [total, qty] = [order.total + 1, line.qty + 1]
        await tx.order.update({
          where: { id: orderId, version: order.version },
          data: {
            total,
            version: order.version + 1,
            lines: { update: { where: { orderId_sku: { orderId, sku } }, data: { qty } } },
          },
        })
        await tx.message.create({ data: lineChanged(orderId, sku, qty, total) })
      })
    },
    end: () => prisma.$disconnect(),
  }
})
