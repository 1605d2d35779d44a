import { expect, test } from 'vitest'
import { inDocuments } from '../docs.mjs'
import { bareExamples, docCommentFences, fencesOf } from '../fences.mjs'

const document = {
  path: 'docs/how-to/retry.md',
  text: 'Text.\n\n```ts name=shop.ts\nexport const a = 1\n```\n\n1. In a list:\n   ```ts run\n   const b = 2\n   ```\n\n```sh\nls\n```\n',
}

test('blocks of code are read with their place, language and marks', () => {
  expect(fencesOf(document)).toEqual([
    {
      path: document.path,
      line: 4,
      code: 'export const a = 1\n',
      language: 'ts',
      run: false,
      name: 'shop.ts',
      words: ['name=shop.ts'],
    },
    {
      path: document.path,
      line: 9,
      code: 'const b = 2\n',
      language: 'ts',
      run: true,
      name: undefined,
      words: ['run'],
    },
    {
      path: document.path,
      line: 13,
      code: 'ls\n',
      language: 'sh',
      run: false,
      name: undefined,
      words: [],
    },
  ])
})

test('blocks in doc comments are read, those in other comments are not', () => {
  const text = [
    '/**',
    ' * A bus.',
    ' * @example',
    ' * ```ts',
    ' * const a = {',
    ' *   b: 1,',
    ' * }',
    ' * ```',
    ' */',
    'export const bus = 1',
    '// ```ts',
  ].join('\n')
  const source = { path: 'packages/core/src/bus.ts', text }
  expect(docCommentFences(source)).toMatchObject([
    { line: 5, code: 'const a = {\n  b: 1,\n}\n', language: 'ts' },
  ])
  expect(bareExamples(source)).toEqual([])
})

test('an @example without a block of code is found', () => {
  const source = {
    path: 'packages/core/src/bus.ts',
    text: '/** @example bus.start() */\nexport const bus = 1',
  }
  expect(bareExamples(source)).toEqual(['packages/core/src/bus.ts:1: an @example without a ```ts block'])
})

test('what the compiler says of an extracted file is told of the document', () => {
  const output = `node_modules/.cache/doc-fences/${document.path}/shop.ts(1,14): error TS1: no\n`
  expect(inDocuments(output, fencesOf(document))).toEqual(['docs/how-to/retry.md:4:14: error TS1: no'])
})
