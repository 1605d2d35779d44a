import { randomUUID } from 'node:crypto'
import { contend } from '../../suite/contender.ts'
import { windowed } from '../../suite/window.ts'
import { arrivals } from '../arrivals.ts'
import { confirmedPublisher } from '../confirmed-publisher.ts'
import { orderShipped } from '../order-shipped.ts'
import { declareShippedQueue, SHIPPED_QUEUE } from '../shipped-queue.ts'

await contend(async ({ name, amqpUrl }) => {
  await declareShippedQueue(amqpUrl)
  const target = await arrivals(amqpUrl, name, SHIPPED_QUEUE.queue)
  const publisher = await confirmedPublisher(amqpUrl)
  return {
    async round(size, width) {
      const bodies = Array.from({ length: size }, (_, index) => JSON.stringify(orderShipped(index)))
      const start = performance.now()
      await windowed(size, width, (index) => publisher.publish(bodies[index] ?? '', randomUUID()))
      const seconds = (performance.now() - start) / 1_000
      await target.assert(size)
      return { 'events/s': size / seconds }
    },
    async close() {
      await Promise.all([publisher.close(), target.close()])
    },
  }
})
