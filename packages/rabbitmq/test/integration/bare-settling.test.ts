import { type Channel, type ChannelModel, type ConsumeMessage, connect } from 'amqplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'

/* What amqplib by itself does with a message that is settled late or twice. What Posthorn does: reconnecting.test.ts and
   consuming.test.ts, under the same numbers. */

let connection: ChannelModel
beforeAll(async () => {
  connection = await connect(process.env.POSTHORN_TEST_AMQP_URL ?? '')
})
afterAll(() => connection.close())

/** A queue of this connection's own with some messages in it. */
async function queueOf(...bodies: readonly string[]): Promise<string> {
  const channel = await connection.createConfirmChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true })
  for (const body of bodies) channel.sendToQueue(queue, Buffer.from(body))
  await channel.waitForConfirms()
  await channel.close()
  return queue
}

async function consume(queue: string, prefetch: number) {
  const channel = await connection.createChannel()
  const out: ConsumeMessage[] = []
  const errors: (Error & { code?: number })[] = []
  channel.on('error', (error) => errors.push(error))
  await channel.prefetch(prefetch)
  await channel.consume(queue, (message) => void (message && out.push(message)))
  return { channel, out, errors }
}

async function bodiesIn(queue: string): Promise<readonly string[]> {
  const channel: Channel = await connection.createChannel()
  const bodies: string[] = []
  for (;;) {
    const message = await channel.get(queue, { noAck: true })
    if (message === false) break
    bodies.push(message.content.toString())
  }
  await channel.close()
  return bodies
}

describe('amqplib alone', () => {
  test('K7 acknowledges, for a message of a channel that has gone, another that nobody has handled', async () => {
    const queue = await queueOf('one', 'two')
    const first = await consume(queue, 1)
    await eventually('one is out', () => first.out.length === 1)
    await first.channel.close()
    const second = await consume(queue, 1)
    await eventually('it is out again', () => second.out.length === 1)
    second.channel.ack(first.out[0] as ConsumeMessage)
    await eventually('two is out', () => second.out.length === 2)
    await second.channel.close()
    expect(second.out.map(({ content }) => content.toString())).toEqual(['one', 'two'])
    expect(await bodiesIn(queue)).toEqual(['two'])
  })

  test('K7 loses its channel, and the work of all others on it, over a message acknowledged twice', async () => {
    const queue = await queueOf('one', 'two', 'three')
    const { channel, out, errors } = await consume(queue, 3)
    await eventually('all are out', () => out.length === 3)
    channel.ack(out[0] as ConsumeMessage)
    channel.ack(out[0] as ConsumeMessage)
    await eventually('the channel is closed', () => errors.length === 1)
    expect(errors[0]?.code).toBe(406)
    expect(() => channel.ack(out[1] as ConsumeMessage)).toThrow('closed')
    expect(await bodiesIn(queue)).toEqual(['two', 'three'])
  })
})
