import { expect, test } from 'vitest'
import { entityTags } from '../../src/entrypoints/entity-tags.ts'

const blanks = ' \t'.repeat(100_000)

test('many blanks are read in one pass: where two runs could share them the steps would grow with the square', () => {
  expect(entityTags.safeParse(`,${blanks}x`).success).toBe(false)
  expect(entityTags.safeParse(`"a"${blanks}x`).success).toBe(false)
  expect(entityTags.parse(`${blanks}"a"${blanks},${blanks},W/"b"${blanks}`)).toEqual([
    { opaque: 'a', weak: false },
    { opaque: 'b', weak: true },
  ])
})
