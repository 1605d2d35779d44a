import { expect, test } from 'vitest'
import { readOptions } from '../../options.ts'

test('seeds are one, a list, or from one to another', () => {
  const seeds = (...args: readonly string[]) => readOptions(args).seeds
  expect(seeds('--seed', '7')).toEqual([7])
  expect(seeds('--seeds', '3..5,9')).toEqual([3, 4, 5, 9])
  expect(seeds('--seeds', '1..3', '--seeds', '2')).toEqual([2])
  expect(seeds()).toHaveLength(1)
})

test('kinds are names, and what is no number is refused', () => {
  expect(readOptions(['--kinds', 'broker killed,link slow']).kinds).toEqual(['broker killed', 'link slow'])
  expect(readOptions(['--record', '--seconds', '90'])).toMatchObject({ record: true, seconds: 90 })
  expect(() => readOptions(['--seconds', 'ninety'])).toThrow('ninety is no whole number')
})
