import { expect, test } from 'vitest'
import { seeded } from '../../../src/simulation/random.ts'

const draw = (seed: number, stream?: number) => {
  const random = seeded(seed, stream)
  return Array.from({ length: 4 }, () => random.int(0, 999))
}

test('a seed gives the same numbers on every machine', () => {
  expect(draw(1)).toEqual(draw(1))
  expect(draw(2 ** 40 + 1)).not.toEqual(draw(1))
  expect(draw(1, 2)).not.toEqual(draw(1))
})

test('numbers are spread over the whole range, bounds included', () => {
  const random = seeded(5)
  const counts = new Map<number, number>()
  for (let i = 0; i < 10_000; i++) {
    const drawn = random.int(1, 10)
    counts.set(drawn, (counts.get(drawn) ?? 0) + 1)
  }

  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  for (const count of counts.values()) expect(count).toBeGreaterThan(850)
})
