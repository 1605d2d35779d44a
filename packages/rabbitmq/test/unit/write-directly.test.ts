import { PassThrough, Writable } from 'node:stream'
import type { Channel, ChannelModel } from 'amqplib'
import { expect, test } from 'vitest'
import { writeDirectly } from '../../src/write-directly.ts'

/** A connection with one channel, whose stream is not read; its socket takes so many bytes before it is full. */
function connected(room: number) {
  const left: string[] = []
  let drained = () => {}
  const stream = new Writable({
    highWaterMark: room,
    write: (chunk, _encoding, done) => {
      left.push(String(chunk))
      drained = done
    },
  })
  const buffer = new PassThrough({ objectMode: true })
  const model = { connection: { stream, channels: [null, { buffer }] } } as unknown as ChannelModel
  writeDirectly(model, { ch: 1 } as unknown as Channel)
  return { buffer, stream, left, drain: () => drained() }
}

test('a frame goes to the socket in the turn in which it is sent', () => {
  const { buffer, left } = connected(10)
  buffer.write('a')
  expect(left).toEqual(['a'])
  expect(buffer.readableLength).toBe(0)
})

test('where the socket is full a frame waits for its turn, and none behind it goes ahead', () => {
  const { buffer, stream, left, drain } = connected(1)
  expect(buffer.write('a')).toBe(false)
  buffer.write('b')
  drain()
  stream.emit('drain')
  expect(stream.writableNeedDrain).toBe(false)
  buffer.write('c')
  expect(left).toEqual(['a'])
  expect([buffer.read(), buffer.read()]).toEqual(['b', 'c'])
  buffer.write('d')
  expect(left).toEqual(['a', 'd'])
})
