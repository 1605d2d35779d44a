import { expect, test } from 'vitest'
import { projectFiles, projectPaths } from '../workspace.mjs'
import { deadPaths } from './doc-paths.ts'

const paths = ['README.md', 'docs/how-to/retry.md', 'packages/core/src/errors.ts']

test('dead links, dead anchors and dead paths in code spans are found', () => {
  const documents = [
    {
      path: 'docs/how-to/retry.md',
      text: '# How to `retry`\n[up](../../README.md#the-goal) [no](../gone.md)\n[here](#how-to-retry) [nor](#there)\n',
    },
    {
      path: 'README.md',
      text: '# The goal!\n`packages/core/src/errors.ts:12` `packages/core/src/gone.ts`\n',
    },
  ]
  expect(deadPaths(documents, paths)).toEqual([
    'docs/how-to/retry.md:2: ../gone.md does not exist',
    'docs/how-to/retry.md:3: #there does not exist',
    'README.md:2: packages/core/src/gone.ts does not exist',
  ])
})

test('patterns must fit something; placeholders, fences, addresses and what a build makes are left alone', () => {
  const text = [
    '`packages/*/src/**/*.ts` `packages/*/gone/*.ts`',
    '`packages/<name>/src` `packages/core/dist/index.js` [site](https://example.org/x) `[a](b.md)`',
    '```sh',
    'cat `packages/core/none.ts`',
    '```',
  ].join('\n')
  expect(deadPaths([{ path: 'README.md', text }], paths)).toEqual([
    'README.md:1: packages/*/gone/*.ts does not exist',
  ])
})

test('every path that a document mentions exists', () => {
  const documents = projectFiles(
    /^((docs|examples|deploy)\/.*|(packages|services)\/[^/]+\/[^/]+|(?!CLAUDE)[^/]+)\.md$/,
  )
  expect(deadPaths(documents, projectPaths())).toEqual([])
})
