import { expect, test } from 'vitest'
import { withRuns } from '../../faults/fault-report.ts'
import { readText } from '../workspace.mjs'

test('the fault report says of the recorded runs what they say', () => {
  const page = readText('docs/reference/fault-report.md')
  expect(withRuns(page, readText('docs/reference/fault-runs.jsonl'))).toBe(page)
})
