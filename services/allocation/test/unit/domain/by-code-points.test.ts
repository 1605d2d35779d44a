import { expect, test } from 'vitest'
import { byCodePoints } from '../../../src/domain/by-code-points.ts'

test('names go by their code points, not by the units in which JavaScript keeps them', () => {
  const names = [
    '',
    'A',
    'a',
    'aa',
    'b',
    'é',
    '\u{d7ff}',
    '\u{e000}',
    '\u{ffee}',
    '\u{ffee}a',
    '\u{10000}',
    '\u{1f600}',
  ]
  const inDatabase = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect(inDatabase).toEqual(names)
  expect([...names].reverse().sort(byCodePoints)).toEqual(names)
  expect([...names].reverse().sort()).not.toEqual(names)
  expect(byCodePoints('same', 'same')).toBe(0)
})
