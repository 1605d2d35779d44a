import type { Channel, ConsumeMessage } from 'amqplib'
import { expect, test } from 'vitest'
import { Acks } from '../../src/acks.ts'

/** A channel that has delivered so many messages, and what is said on it. */
function deliveries(count: number) {
  const said: string[] = []
  const channel = {
    ack: ({ fields }: ConsumeMessage, allUpTo = false) =>
      void said.push(`${allUpTo ? 'up to ' : ''}${fields.deliveryTag}`),
  } as Channel
  const acks = new Acks(channel)
  const messages = Array.from(
    { length: count },
    (_, index) => ({ fields: { deliveryTag: index + 1 } }) as ConsumeMessage,
  )
  for (const message of messages) acks.delivered(message)
  const ack = (...tags: number[]) => {
    for (const tag of tags) acks.ack(messages[tag - 1] as ConsumeMessage)
  }
  const settle = (tag: number) => acks.settled(messages[tag - 1] as ConsumeMessage)
  return { acks, said, ack, settle }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('what was handled in one turn is acknowledged by one frame, in whatever order it was', async () => {
  const { said, ack } = deliveries(5)
  ack(2, 3, 1)
  expect(said).toEqual([])
  await turn()
  expect(said).toEqual(['up to 3'])
  ack(4)
  await turn()
  expect(said).toEqual(['up to 3', 'up to 4'])
})

test('no ack speaks for a message that is still being handled', async () => {
  const { said, ack } = deliveries(6)
  ack(1, 2, 4, 6)
  await turn()
  expect(said.sort()).toEqual(['4', '6', 'up to 2'])
  ack(5)
  await turn()
  expect(said).toContain('5')
  ack(3)
  await turn()
  expect(said.at(-1)).toBe('up to 3')
})

test('a message that was rejected or handed back holds up no other, and is acknowledged by none', async () => {
  const { said, ack, settle } = deliveries(4)
  settle(1)
  ack(2)
  settle(3)
  await turn()
  expect(said).toEqual(['up to 2'])
  ack(4)
  await turn()
  // The broker has had word of the third before, and counts it no more.
  expect(said).toEqual(['up to 2', 'up to 4'])
})

test('what is flushed is not said again, and a channel that has closed is told nothing', async () => {
  const { acks, said, ack } = deliveries(2)
  ack(1)
  acks.flush()
  expect(said).toEqual(['up to 1'])
  await turn()
  expect(said).toEqual(['up to 1'])
  const closed = new Acks({
    ack: () => {
      throw new Error('closed')
    },
  } as unknown as Channel)
  closed.ack({ fields: { deliveryTag: 1 } } as ConsumeMessage)
  expect(() => closed.flush()).not.toThrow()
})
