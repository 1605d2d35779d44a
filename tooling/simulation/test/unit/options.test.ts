import { expect, test } from 'vitest'
import { readOptions } from '../../options.ts'

test('a seed alone is that one seed; many seeds take all cores, unless each step is to be seen', () => {
  expect(readOptions(['--seed', '42'], 2)).toMatchObject({ seed: 42, seeds: 1, workers: 1 })
  expect(readOptions(['--seeds', '1000'], 2)).toMatchObject({ seed: 1, seeds: 1_000, workers: 2 })
  expect(readOptions(['--seeds', '1000', '--trace'], 2)).toMatchObject({ workers: 1, trace: true })
})

test.each(['abc', '0', '1.9', '-3', ''])('what is no number of seeds is refused: "%s"', (text) => {
  expect(() => readOptions([`--seeds=${text}`], 2)).toThrow('--seeds takes a whole number from 1')
})
