import { expect, test } from 'vitest'
import { endInOrder } from '../../src/end-in-order.ts'

const never = () => new Promise<readonly string[]>(() => undefined)
const took = async (work: Promise<unknown>) => {
  const begun = performance.now()
  await work
  return performance.now() - begun
}

test('the parts end one after another, and what each has given up is named', async () => {
  const order: string[] = []
  const stage = (name: string, given: readonly string[]) => ({
    name,
    end: async () => {
      order.push(`${name} begins`)
      await Promise.resolve()
      order.push(`${name} ends`)
      return given
    },
  })
  const abandoned = await endInOrder(1_000, [
    stage('a', ['first', 'second']),
    stage('b', []),
    stage('c', ['third']),
  ])
  expect(abandoned).toEqual(['first', 'second', 'third'])
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('however many do not end, all is over by the deadline, and each of them is named', async () => {
  const patiences: number[] = []
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const stages = names.map((name) => ({
    name,
    end: (patience: number) => {
      patiences.push(patience)
      return never()
    },
  }))
  let abandoned: readonly string[] = []
  const ms = await took(
    endInOrder(300, stages).then((named) => {
      abandoned = named
    }),
  )
  expect(abandoned).toEqual(names)
  expect(ms).toBeGreaterThan(290)
  const [first = 0] = patiences
  expect(first).toBeLessThanOrEqual(112.5)
  expect(first).toBeGreaterThan(0)
  // Three quarters of the shares, which are the deadline together: less where the machine is late, and up to 1 ms more
  // for each of Node's timers, which may be that much early.
  const together = patiences.reduce((sum, patience) => sum + patience, 0)
  expect(together).toBeLessThanOrEqual(0.75 * (300 + names.length))
})

test('what one part leaves of its time the next ones have', async () => {
  const patiences: number[] = []
  const ends = async (patience: number) => {
    patiences.push(patience)
    return []
  }
  await endInOrder(16_000, [
    { name: 'a', end: ends },
    { name: 'b', end: ends },
    { name: 'c', end: ends },
  ])
  expect(patiences.map((patience) => Math.round(patience / 1_000))).toEqual([6, 6, 12])
})

test('one that fails is named with its reason, without secrets, and the next ones end all the same', async () => {
  const ended: string[] = []
  const abandoned = await endInOrder(1_000, [
    { name: 'a', end: () => Promise.reject(new Error('lost amqp://user:secret@host\nand more')) },
    {
      name: 'b',
      end: async () => {
        ended.push('b')
        return []
      },
    },
  ])
  expect(abandoned).toEqual(['a: Error: lost amqp://user:[redacted]@host'])
  expect(ended).toEqual(['b'])
})
