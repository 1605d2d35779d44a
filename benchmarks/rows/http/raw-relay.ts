import { setTimeout as delay } from 'node:timers/promises'
import amqplib, { type ConfirmChannel } from 'amqplib'
import type { Sql } from 'postgres'

const BATCH = 200
const PAUSE = 20

/** Moves the outbox to the broker: what is stored becomes a confirmed persistent message, and is deleted then. */
export async function startRelay(sql: Sql, amqpUrl: string): Promise<void> {
  const connection = await amqplib.connect(amqpUrl, { noDelay: true })
  const channel = await connection.createConfirmChannel()
  await channel.assertExchange('events', 'topic')
  await channel.assertQueue('events', { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await channel.bindQueue('events', 'events', '#')
  const relay = async () => {
    for (;;) {
      const moved = await moveBatch(sql, channel)
      if (moved < BATCH) await delay(PAUSE)
    }
  }
  relay().catch((error: unknown) => {
    throw error
  })
}

function moveBatch(sql: Sql, channel: ConfirmChannel): Promise<number> {
  return sql.begin(async (transaction) => {
    const rows = await transaction`
      select position, type, message_id, body from posthorn_outbox
      order by position limit ${BATCH} for update skip locked`
    for (const { type, message_id: messageId, body } of rows) {
      channel.publish('events', type, Buffer.from(body), { persistent: true, mandatory: true, messageId })
    }
    if (rows.length === 0) return 0
    await channel.waitForConfirms()
    await transaction`delete from posthorn_outbox where position = any(${rows.map(({ position }) => position)})`
    return rows.length
  }) as Promise<number>
}
