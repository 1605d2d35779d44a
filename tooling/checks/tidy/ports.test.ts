import { expect, test } from 'vitest'
import { codePattern, projectFiles } from '../workspace.mjs'
import { unprovenPorts } from './ports.ts'

const index = {
  path: 'packages/core/src/contract-tests/index.ts',
  text: "export { outboxContract, type Setup } from './outbox/outbox-contract.ts'",
}
const twin = { path: 'packages/core/src/outbox/in-memory-outbox-queue.ts', text: '' }
const run = (name: string) => ({
  path: `packages/${name}/test/contract/store.test.ts`,
  text: "describe('outbox', () => outboxContract(test, setup))",
})
const ofOutbox = (findings: string[]) => findings.filter((finding) => finding.startsWith('outbox/'))

test('a port with a twin and a suite that both sides run passes', () => {
  expect(ofOutbox(unprovenPorts([index, twin, run('core'), run('uow-drizzle')]))).toEqual([])
})

test('a port without twin or suite, and a suite that one side does not run, are found', () => {
  expect(ofOutbox(unprovenPorts([]))).toEqual([
    'outbox/outbox.ts has no twin in-memory-outbox-queue.ts',
    'outbox/outbox.ts has no contract suite that packages/core/src/contract-tests/index.ts exports',
  ])
  expect(ofOutbox(unprovenPorts([index, twin, run('core'), run('rabbitmq')]))).toEqual([
    'outbox/outbox.ts: no test in packages/uow-drizzle/test/ runs outboxContract',
  ])
})

test('every port has an in-memory twin, and both it and the adapter pass its suite', () => {
  expect(unprovenPorts(projectFiles(codePattern))).toEqual([])
})
