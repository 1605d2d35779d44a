import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFiles, readText, root } from '../workspace.mjs'
import { deadCitations, unguardedInvariants } from './invariants.ts'

const testPattern = /\/test\/.*\.ts$|\.test\.ts$|\/contract-tests\/.*\.ts$/
const tests = [{ path: 'packages/core/test/unit/bus.test.ts', text: "test('nothing is lost', () => {})" }]

test('an invariant that cites an existing test passes, on one line or several', () => {
  const text = `## Invariants

1. Nothing is lost. \`test: packages/core/test/unit/bus.test.ts › nothing is lost\`
2. Really,
   nothing. \`test: packages/core/test/unit/bus.test.ts › nothing is lost\`

## Next

1. Not an invariant.
`
  expect(unguardedInvariants(text, tests)).toEqual([])
})

test('an invariant without a test, with an unknown file, with an unknown title or out of order is found', () => {
  const text = `## Invariants

1. Nothing is lost.
2. Nothing. \`test: packages/core/test/unit/gone.test.ts › nothing is lost\`
4. Nothing. \`test: packages/core/test/unit/bus.test.ts › nothing is found\`
`
  expect(unguardedInvariants(text, tests)).toEqual([
    'invariant 1 cites no test',
    'invariant 4 stands at place 3',
    'packages/core/test/unit/gone.test.ts is cited and is not a test file',
    'packages/core/test/unit/bus.test.ts has no test “nothing is found”',
  ])
})

test('every test that a document cites exists', () => {
  const files = projectFiles(testPattern)
  const documents = projectFiles(/^(docs\/.*|packages\/[^/]+\/[^/]+|(?!ARCHITECTURE)[^/]+)\.md$/)
  expect(documents.flatMap(({ text }) => deadCitations(text, files))).toEqual([])
})

test('every invariant of ARCHITECTURE.md names a test that exists', () => {
  const architecture = existsSync(join(root, 'ARCHITECTURE.md')) ? readText('ARCHITECTURE.md') : ''
  expect(unguardedInvariants(architecture, projectFiles(testPattern))).toEqual([])
})
