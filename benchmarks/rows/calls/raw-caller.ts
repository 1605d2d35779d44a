import { randomUUID } from 'node:crypto'
import type { ChannelModel } from 'amqplib'
import type { OrderShipped } from '../order-shipped.ts'
import { CALL_QUEUE, CALL_TIMEOUT } from './call-queue.ts'
import type { Shipped } from './ship-order.ts'

const REPLY_TO = 'amq.rabbitmq.reply-to'

interface Pending {
  readonly resolve: (answer: Shipped) => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout
}

/** Calls by hand over direct reply-to; mandatory and confirmed, with a deadline. */
export async function rawCaller(
  connection: ChannelModel,
): Promise<(order: OrderShipped) => Promise<Shipped>> {
  const channel = await connection.createConfirmChannel()
  const pending = new Map<string, Pending>()
  const take = (id: string) => {
    const call = pending.get(id)
    pending.delete(id)
    clearTimeout(call?.timer)
    return call
  }
  const fail = (id: string, error: unknown) => take(id)?.reject(error)
  channel.on('return', ({ properties }) => fail(String(properties.correlationId), new Error('unroutable')))
  const receive = (content: Buffer, id: string) => take(id)?.resolve(JSON.parse(content.toString()))
  await channel.consume(
    REPLY_TO,
    (message) => message && receive(message.content, String(message.properties.correlationId)),
    { noAck: true },
  )
  return (order) =>
    new Promise((resolve, reject) => {
      const id = randomUUID()
      const timer = setTimeout(() => fail(id, new Error('timeout')), CALL_TIMEOUT)
      pending.set(id, { resolve, reject, timer })
      channel.publish(
        '',
        CALL_QUEUE.queue,
        Buffer.from(JSON.stringify(order)),
        { mandatory: true, correlationId: id, replyTo: REPLY_TO, expiration: CALL_TIMEOUT },
        (error) => error && fail(id, error),
      )
    })
}
