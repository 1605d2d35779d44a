import { expect, test } from 'vitest'
import { projectFiles } from '../workspace.mjs'
import { promises, traces } from './leftovers.ts'

test('promises of later work are found in comments and documents, not in code', () => {
  const files = [
    { path: 'a.ts', text: `const word = '${'TO'}${'DO'}'\n// ${'TO'}DO: later\n` },
    { path: 'b.md', text: `Fine.\n${'FIX'}ME\nThe word \`${'FIX'}ME\` is banned.\n` },
  ]
  expect(promises(files)).toEqual([`a.ts:2: ${'TO'}DO`, `b.md:2: ${'FIX'}ME`])
})

test('paths of a machine and hosts of a private network are found', () => {
  const slash = '/'
  const text = [
    `cd ${slash}work${slash}main`,
    `registry=http://npm.${'corp'}${slash}`,
    `host: 10.0.${'0.7'}`,
    'host: host.docker.internal',
    'fetch("http://127.0.0.1:3001/work/items")',
  ].join('\n')
  expect(traces([{ path: 'a', text }])).toEqual([
    `a:1: ${slash}work${slash}`,
    `a:2: npm.${'corp'}`,
    `a:3: 10.0.${'0.7'}`,
  ])
})

const textFiles = projectFiles(/\.(ts|mts|js|mjs|json|md|ya?ml|sql|sh|txt)$|^\.ci\/|(^|\/)\.[a-z]+$/)

test('nothing promises work for later', () => {
  expect(promises(textFiles.filter(({ path }) => /\.(ts|mts|js|mjs|md)$/.test(path)))).toEqual([])
})

test('nothing names a path of a machine or a host of a private network', () => {
  expect(traces(textFiles)).toEqual([])
})
