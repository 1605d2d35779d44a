import { expect, test } from 'vitest'
import { copyRows } from '../../../src/unit-of-work/copy-rows.ts'

test('copied rows are equal, and what is done to them, or to dates in them, is not done to the rows', () => {
  const rows = () => ({
    root: { id: 'a', openedAt: new Date(0), closedAt: null },
    children: {
      lines: [
        { sku: 'LAMP', at: new Date(1) },
        { sku: 'SOFA', at: new Date(2) },
      ],
      notes: [],
    },
  })
  const stored = rows()

  const copy = copyRows(stored) as ReturnType<typeof rows>

  expect(copy).toEqual(stored)
  copy.root.openedAt.setTime(9)
  copy.children.lines[1]?.at.setTime(9)
  copy.children.lines.pop()
  Object.assign(copy.root, { id: 'b' })
  expect(stored).toEqual(rows())
})
