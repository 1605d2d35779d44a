import { once } from 'node:events'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { joinWrites } from '../../src/join-writes.ts'

test('what is written in one turn leaves together and in order, also after the end', async () => {
  const left: string[][] = []
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      left.push([String(chunk)])
      done()
    },
    writev: (chunks, done) => {
      left.push(chunks.map(({ chunk }) => String(chunk)))
      done()
    },
  })
  joinWrites(sink)
  sink.write('a')
  sink.write('b')
  await new Promise(setImmediate)
  sink.write('c')
  sink.write('d')
  sink.end('e')
  await once(sink, 'finish')
  expect(left).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ])
})
