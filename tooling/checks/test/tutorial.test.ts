import { expect, test } from 'vitest'
import { patched, projectsOf } from '../tutorial.mjs'

const block = (code: string) => ({ path: 'docs/tutorial/02-more.md', line: 3, code })

test('a diff replaces its old lines where they stand', () => {
  const code = ' const a = 1\n-const b = 2\n+const b = 3\n+\n const c = 4\n'
  expect(patched('const a = 1\nconst b = 2\nconst c = 4\n', block(code))).toBe(
    'const a = 1\nconst b = 3\n\nconst c = 4\n',
  )
})

test.each([
  ['nowhere', 'const a = 12\n'],
  ['twice', 'const a = 1\nconst a = 1\n'],
])('a diff whose old lines stand %s is refused, with its place', (_, text) => {
  expect(() => patched(text, block('-const a = 1\n'))).toThrow('docs/tutorial/02-more.md:3: its old lines')
})

test('each page has the files of the pages before, as they are by then', () => {
  const first = {
    path: 'docs/tutorial/01-a.md',
    text: '```ts run name=a.ts\nconst a = 1\n```\n```json name=b.json\n{}\n```\n',
  }
  const second = {
    path: 'docs/tutorial/02-b.md',
    text: '```diff name=a.ts\n-const a = 1\n+const a = 2\n```\n```ts name=b.ts\n```\n',
  }
  expect(projectsOf([first, second]).map(({ folder, name, code, run }) => [folder, name, code, run])).toEqual(
    [
      [first.path, 'a.ts', 'const a = 1\n', true],
      [second.path, 'a.ts', 'const a = 2\n', false],
      [second.path, 'b.ts', '', false],
    ],
  )
})
