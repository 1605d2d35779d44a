import { expect, test } from 'vitest'
import { SentFrames } from '../../wire/sent-frames.ts'
import { SentStatements } from '../../wire/sent-statements.ts'

const int32 = (value: number) => Buffer.from(new Uint32Array([value]).buffer).swap32()
const message = (type: string, ...parts: readonly string[]) => {
  const body = Buffer.from(parts.map((part) => `${part}\0`).join(''))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

test('statements are read in their transaction, also by the name under which they were prepared', () => {
  const wire = new SentStatements()
  const greeting = Buffer.concat([int32(12), int32(196_608), int32(0)])
  expect(wire.read(Buffer.concat([greeting, message('Q', 'begin read only')]))).toEqual(['begin read only'])
  expect(wire.read(message('P', 's1', 'insert into placed (key) values ($1)'))).toEqual([])
  const bound = Buffer.concat([message('B', '', 's1'), message('S')])
  expect(wire.read(bound)).toEqual(['begin read only > insert into placed (key)'])
  expect(wire.read(message('Q', 'rollback to s1'))).toEqual([
    'begin read only > insert into placed (key) > rollback to s1',
  ])
  expect(wire.read(message('Q', 'commit'))[0]).toMatch(/ > rollback to s1 > commit$/)
  expect(wire.read(bound), 'outside any transaction').toEqual(['insert into placed (key)'])
})

const short = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
const frame = (channel: number, method: number, ...rest: readonly Buffer[]) => {
  const payload = Buffer.concat([Buffer.from([0, 60, 0, method]), ...rest])
  return Buffer.concat([Buffer.from([1, 0, channel]), int32(payload.length), payload, Buffer.from([0xce])])
}

test('frames are read for what is published, and for the queue of what is acknowledged', () => {
  const wire = new SentFrames()
  const reserved = Buffer.from([0, 0])
  const consume = frame(1, 20, reserved, short('q.calls'))
  const publish = frame(2, 40, reserved, short('x.events'), short('evt.Placed'))
  const body = Buffer.concat([Buffer.from([3, 0, 2]), int32(2), Buffer.from('{}'), Buffer.from([0xce])])
  expect(wire.read(Buffer.concat([Buffer.from('AMQP\0\0\x09\x01', 'latin1'), consume]))).toEqual([])
  expect(wire.read(Buffer.concat([publish, body, frame(1, 80, Buffer.alloc(9))]))).toEqual([
    'publish x.events evt.Placed',
    'ack q.calls',
  ])
  expect(wire.read(frame(2, 40, reserved, short(''), short('amq.reply')))).toEqual([
    'publish reply amq.reply',
  ])
})
