import { type ChannelModel, connect } from 'amqplib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'

/* What amqplib by itself makes of the order of messages. What Posthorn makes of it, the contract suite tells under the
   same number. */

let connection: ChannelModel
beforeAll(async () => {
  connection = await connect(process.env.POSTHORN_TEST_AMQP_URL ?? '')
})
afterAll(() => connection.close())

test('K12 a bare consumer that hands back what fails gets it out of order, though it is the only active one', async () => {
  const queue = `order-${crypto.randomUUID()}`
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true },
  })
  const numbers = Array.from({ length: 50 }, (_, n) => n)
  for (const n of numbers) channel.sendToQueue(queue, Buffer.from(String(n)), { persistent: true })
  await channel.waitForConfirms()

  const handled: number[] = []
  await channel.prefetch(20)
  await channel.consume(queue, (message) => {
    if (message === null) return
    const n = Number(message.content.toString())
    if (n % 10 === 3 && !message.fields.redelivered) {
      channel.nack(message, false, true)
      return
    }
    handled.push(n)
    channel.ack(message)
  })
  await eventually('all are handled', () => handled.length === numbers.length)
  await channel.deleteQueue(queue)
  expect([...handled].sort((one, other) => one - other)).toEqual(numbers)
  expect(handled).not.toEqual(numbers)
})
