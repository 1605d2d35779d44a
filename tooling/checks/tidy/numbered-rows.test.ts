import { expect, test } from 'vitest'
import { projectFiles, readText } from '../workspace.mjs'
import { unansweredRows } from './numbered-rows.ts'

const rows = { Y: 4, Z: 2 }
const titled = { path: 'a.test.ts', text: "test('Y1 OLD-02 Z2 does it all', () => {})" }

test('rows that a title or a sentence answers, also more than one, are not found', () => {
  const again = { path: 'b.test.ts', text: "test('Y1 once more', () => {})" }
  const page = '- **Y2 to Y4, Z1**: a sentence.\n'
  expect(unansweredRows(page, [titled, again], rows)).toEqual([])
})

test('rows that nothing answers, and rows that do not exist, are found', () => {
  const page = '- **Y2, Y9**: a sentence.\n- **Z1**:\n'
  expect(unansweredRows(page, [titled], rows)).toEqual([
    'Y9 does not exist; the page claims it',
    'Y3 has neither a test nor a sentence',
    'Y4 has neither a test nor a sentence',
    'Z1 has neither a test nor a sentence',
  ])
})

test('every row of the fault report has a test, or a sentence on why it has none', () => {
  const files = projectFiles(/^(?!tooling\/checks\/).*(\/test\/|\.test\.ts$|\/contract-tests\/).*$/).filter(
    ({ path }) => path.endsWith('.ts'),
  )
  expect(unansweredRows(readText('docs/reference/fault-report.md'), files)).toEqual([])
})
