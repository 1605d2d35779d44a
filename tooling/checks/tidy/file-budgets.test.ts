import { expect, test } from 'vitest'
import { codePattern, projectFiles } from '../workspace.mjs'
import { overlongFiles, overlongOnTheWhole } from './file-budgets.ts'

const ofLines = (path: string, lines: number) => ({ path, text: 'x\n'.repeat(lines) })

test('a source over 400 lines, a test over 500 and a decision over 60 are found, those at the limit are not', () => {
  const files = [
    ofLines('packages/core/src/at-limit.ts', 400),
    ofLines('packages/core/src/over.ts', 401),
    ofLines('packages/core/test/unit/at-limit.test.ts', 500),
    ofLines('packages/core/test/unit/over.test.ts', 501),
    ofLines('docs/decisions/0001-at-limit.md', 60),
    ofLines('docs/decisions/0002-over.md', 61),
  ]
  expect(overlongFiles(files)).toEqual([
    'packages/core/src/over.ts: 401 lines, budget 400',
    'packages/core/test/unit/over.test.ts: 501 lines, budget 500',
    'docs/decisions/0002-over.md: 61 lines, budget 60',
  ])
})

test('a high median and a high 90th percentile are found', () => {
  const files = [...Array(6).fill(76), ...Array(4).fill(251)].map((lines, i) => ofLines(`${i}.ts`, lines))
  expect(overlongOnTheWhole(files)).toEqual([
    'median 76 lines, budget 75',
    '90th percentile 251 lines, budget 250',
  ])
})

test('every file keeps to its budget', () => {
  const code = projectFiles(codePattern)
  const decisions = projectFiles(/^docs\/decisions\/\d.*\.md$/)
  expect(overlongFiles([...code, ...decisions])).toEqual([])
})

test('the sources of packages and services are small files', () => {
  expect(overlongOnTheWhole(projectFiles(/^(packages|services)\/[^/]+\/src\/.*\.ts$/))).toEqual([])
})
