import { expect, test } from 'vitest'
import { projectFiles, projectPaths } from '../workspace.mjs'
import { orphanTests, silencedTests, testTitles } from './test-code.ts'

test('skipped, focused and planned tests are found', () => {
  const text = `test('runs', () => {})
test.only('alone', () => {})
describe.skip('left out', () => {})
it.todo('some day')
test.each([1])('each %s', () => {})
const options = { only: true }
`
  expect(silencedTests([{ path: 'a.test.ts', text }])).toEqual([
    'a.test.ts:2: test.only',
    'a.test.ts:3: describe.skip',
    'a.test.ts:4: it.todo',
  ])
})

test('a test file outside the folders that are run is found', () => {
  const paths = ['packages/core/test/unit/a.test.ts', 'packages/core/src/a.test.ts', 'examples/a.spec.ts']
  expect(orphanTests(paths)).toEqual(['packages/core/src/a.test.ts', 'examples/a.spec.ts'])
})

test('titles are read from literals, and with a gap from templates and tables', () => {
  const text = `test('a plain title', () => {})
describe('outer', () => { it(\`of \${name} here\`, () => {}) })
test.each([1, 2])('with %s lines (or more)', () => {})
`
  const titles = testTitles({ path: 'a.test.ts', text })
  const fits = (title: string) => titles.some((pattern) => pattern.test(title))
  expect(['a plain title', 'outer', 'of core here', 'with 3 lines (or more)'].filter(fits)).toHaveLength(4)
  expect(['a plain', 'of  here', 'with lines'].filter(fits)).toEqual([])
})

test('no test is skipped, focused or planned', () => {
  expect(silencedTests(projectFiles(/\/test\/.*\.ts$|\.test\.ts$|\/contract-tests\/.*\.ts$/))).toEqual([])
})

test('every test file stands where a vitest project runs it', () => {
  expect(orphanTests(projectPaths())).toEqual([])
})
