import { expect, test } from 'vitest'
import { projectFiles, readText } from '../workspace.mjs'
import { lineageFaults, unansweredFaults } from './lineage.ts'

const page = 'docs/reference/lineage.md'
const behaviours = { OLD: 7, U4: 2 }

const tests = [
  {
    path: 'a.test.ts',
    text: `test('OLD-01 U4-01 does both', () => {})
test.each([['OLD-02 from a table', 1]])('%s', () => {})
test(\`OLD-03 of \${kind}\`, () => {})
const prose = 'see OLD-04 there'
`,
  },
]

test('behaviours answered once, by a title, a row, a template, a bullet or a range, are not found', () => {
  const text = '- **OLD-04 to OLD-06, U4-02**: a sentence.\n- **OLD-07**: another.\n'
  expect(lineageFaults(text, tests, behaviours)).toEqual([])
})

test('behaviours that are missing, answered twice or unheard of are found', () => {
  const text = '- **OLD-01, OLD-04**: a sentence.\n- **OLD-05**:\n- **OLD-09, U4-02**: a sentence.\n'
  expect(lineageFaults(text, tests, behaviours)).toEqual([
    'OLD-09 does not exist; the page claims it',
    'OLD-01 is claimed by a.test.ts and by the page',
    'OLD-05 has neither a test nor a sentence',
    'OLD-06 has neither a test nor a sentence',
    'OLD-07 has neither a test nor a sentence',
  ])
})

test('faults without a test, out of order or left out are found', () => {
  const text = `## The book

| 1 | lost events | an outbox | \`test: a.test.ts › is kept\` |
| 3 | leaks | none | \`test: a.test.ts › is kept\` |

## The library

| 1 | silence | an answer | soon |
`
  expect(unansweredFaults(text, [2, 2])).toEqual([
    'the tables hold 2 and 1 faults',
    'fault 3 stands at place 2',
    'fault 1 cites no test',
  ])
})

test('every behaviour of the predecessors has one test, or one sentence on what replaces it', () => {
  const files = projectFiles(/^(?!tooling\/checks\/).*(\/test\/|\.test\.ts$|\/contract-tests\/).*$/).filter(
    ({ path }) => path.endsWith('.ts'),
  )
  expect(lineageFaults(readText(page), files)).toEqual([])
})

test('every fault of the predecessors is answered by a test', () => {
  expect(unansweredFaults(readText(page), [17, 18])).toEqual([])
})
