import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeProperties } from '../../src/dead-letters/decode-properties.ts'

const HEADERS = 1 << 13
const MESSAGE_ID = 1 << 7

const short = (text: string) => Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)])
const sized = (bytes: Buffer) => {
  const size = Buffer.alloc(4)
  size.writeUInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}
const text = (value: string) => Buffer.concat([Buffer.from('S'), sized(Buffer.from(value))])
const entry = (name: string, value: Buffer) => Buffer.concat([short(name), value])
const table = (...entries: readonly Buffer[]) =>
  Buffer.concat([Buffer.from('F'), sized(Buffer.concat(entries))])
const array = (...values: readonly Buffer[]) =>
  Buffer.concat([Buffer.from('A'), sized(Buffer.concat(values))])

function propertiesWith(...headers: readonly Buffer[]): Record<string, unknown> {
  const flags = Buffer.alloc(2)
  flags.writeUInt16BE(HEADERS | MESSAGE_ID)
  return decodeProperties(Buffer.concat([flags, sized(Buffer.concat(headers)), short('the-id')]))
}

describe('the properties of a dead letter', () => {
  test('are read behind headers of every type that AMQP knows', () => {
    const { headers, messageId } = propertiesWith(
      entry('text', text('a')),
      entry('yes', Buffer.from([0x74, 1])),
      entry('small', Buffer.from([0x62, 0xff])),
      entry('int', Buffer.from([0x49, 0xff, 0xff, 0xff, 0xfe])),
      entry('unsigned', Buffer.from([0x4c, 0, 0, 0, 0, 0, 0, 0, 9])),
      entry('long', Buffer.from([0x6c, 0, 0, 0, 0, 0, 0, 0, 8])),
      entry('double', Buffer.concat([Buffer.from('d'), Buffer.alloc(8)])),
      entry('decimal', Buffer.concat([Buffer.from('D'), Buffer.alloc(5)])),
      entry('void', Buffer.from('V')),
      entry('bytes', Buffer.concat([Buffer.from('x'), sized(Buffer.from('raw'))])),
      entry(
        'x-death',
        array(table(entry('queue', text('q')), entry('time', Buffer.from('T\0\0\0\0\0\0\0\x05')))),
      ),
      entry('last', text('z')),
    )
    expect(messageId).toBe('the-id')
    expect({ ...(headers as object) }).toEqual({
      text: 'a',
      yes: true,
      small: -1,
      int: -2,
      unsigned: 9,
      long: 8,
      double: null,
      decimal: null,
      void: null,
      bytes: null,
      'x-death': [{ queue: 'q', time: 5 }],
      last: 'z',
    })
  })

  test('are read although a header is nested a hundred thousand deep', () => {
    // By hand, innermost last: sizes count from the end.
    const depth = 100_000
    const bomb = Buffer.alloc(depth * 7)
    for (let level = 0; level < depth; level++) {
      bomb.write('\x01aF', level * 7, 'latin1')
      bomb.writeUInt32BE((depth - level - 1) * 7, level * 7 + 3)
    }
    const { headers, messageId } = propertiesWith(bomb, entry('after', text('here')))
    expect(messageId).toBe('the-id')
    expect(headers).toMatchObject({ after: 'here' })
  })

  test('are read no deeper than RabbitMQ’s own headers go', () => {
    const nested = table(entry('2', table(entry('3', table(entry('4', table(entry('5', text('deep')))))))))
    expect(propertiesWith(entry('1', nested)).headers).toEqual({ 1: { 2: { 3: { 4: null } } } })
  })

  test('are read although a header is of a type that nobody knows: its table ends there', () => {
    const { headers, messageId } = propertiesWith(
      entry('before', text('b')),
      entry('odd', Buffer.from('?')),
      entry('after', text('a')),
    )
    expect(messageId).toBe('the-id')
    expect({ ...(headers as object) }).toEqual({ before: 'b' })
  })

  test('do not reach for a prototype', () => {
    const { headers } = propertiesWith(entry('__proto__', table(entry('admin', text('yes')))))
    expect((headers as { admin?: unknown }).admin).toBeUndefined()
  })

  test('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decodeProperties(Buffer.from(bytes))
      }),
      { numRuns: 2_000 },
    )
  })
})
