import { join } from 'node:path/posix'
import { expect, test } from 'vitest'
import { projectFiles, projectPaths } from '../workspace.mjs'
import { badNames, innerIndexFiles, strayRootFiles } from './names.ts'

test('junk drawers and names in another case are found', () => {
  const paths = [
    'packages/core/src/utils/retry.ts',
    'packages/core/src/types.ts',
    'packages/core/src/messageBus.ts',
    'packages/core/test/types/message-bus.ts',
    'packages/core/README.md',
    'examples/01-first-bus/main.ts',
    '.changeset/config.json',
  ]
  expect(badNames(paths)).toEqual([
    'packages/core/src/utils: a junk drawer',
    'packages/core/src/types.ts: a junk drawer',
    'packages/core/src/messageBus.ts: not in kebab-case',
  ])
})

test('an index file inside a package and a plan at the root are found', () => {
  const paths = ['packages/core/src/index.ts', 'packages/core/src/outbox/index.ts']
  expect(innerIndexFiles(paths, ['packages/core/src/index.ts'])).toEqual([
    'packages/core/src/outbox/index.ts',
  ])
  expect(strayRootFiles(['README.md', 'PLAN.md', 'notes.txt', 'docs/plan.md'])).toEqual([
    'PLAN.md',
    'notes.txt',
  ])
})

test('every file and folder has a telling name in kebab-case', () => {
  const generated = /^(packages|services)\/[^/]+\/migrations\/|\/src\/adapters\/migrations\/|^\.github\//
  expect(badNames(projectPaths().filter((path) => !generated.test(path)))).toEqual([])
})

test('index.ts stands only where a package is entered', () => {
  const entryPoints = projectFiles(/^(packages|services)\/[^/]+\/package\.json$/).flatMap(
    ({ path, text }) => {
      const exported: Record<string, Record<string, string>> = JSON.parse(text).exports ?? {}
      return Object.values(exported).map((target) => join(path, '..', target['@posthorn/source'] ?? ''))
    },
  )
  // What VitePress looks for.
  const theme = 'docs/site/.vitepress/theme/index.mjs'
  expect(innerIndexFiles(projectPaths(), [...entryPoints, theme])).toEqual([])
})

test('the root holds no plans, notes or reports', () => {
  expect(strayRootFiles(projectPaths())).toEqual([])
})
