import { expect, test } from 'vitest'
import { codePattern, projectFiles } from '../workspace.mjs'
import { crashHandlers } from './crash-handlers.ts'

test('what would keep an unhandled error from ending the process is found in shipped code', () => {
  const text = `import { create } from 'node:domain'
process.on('uncaughtException', () => undefined)
const name = 'unhandledRejection'
process.setUncaughtExceptionCaptureCallback(null)
process.on('SIGTERM', () => undefined)
// Nothing is said of 'uncaughtException' here.
`
  expect(crashHandlers([{ path: 'services/a/src/main.ts', text }])).toEqual([
    'services/a/src/main.ts:1: node:domain',
    'services/a/src/main.ts:2: uncaughtException',
    'services/a/src/main.ts:3: unhandledRejection',
    'services/a/src/main.ts:4: setUncaughtExceptionCaptureCallback',
  ])
  expect(crashHandlers([{ path: 'tooling/dev/signals.mjs', text }])).toEqual([])
})

test('nothing hides an error that nobody handled: it ends the process', () => {
  expect(crashHandlers(projectFiles(codePattern))).toEqual([])
})
