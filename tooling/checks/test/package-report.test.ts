import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageReport, runtimeDependencies } from '../package-report.mjs'
import { root } from '../workspace.mjs'

test('what a package brings along is what its dependencies need too, and not its peers', () => {
  const names = (folder: string) => runtimeDependencies(join(root, folder)).map(({ name }) => name)
  expect(names('packages/core')).toEqual([])
  expect(names('packages/rabbitmq')).toEqual(['amqplib'])
  expect(names('packages/uow-drizzle')).toEqual([])
  expect(names('services/notifications')).toContain('nodemailer')
})

test('the report has a line for each package, in columns', () => {
  const amqplib = { name: 'amqplib', version: '2.3.1', license: 'MIT' }
  const one = { packed: 1_200, unpacked: 9_001, files: 3, peers: {} }
  expect(
    packageReport([
      { ...one, name: 'a', dependencies: [amqplib] },
      { ...one, name: 'bc', dependencies: [], peers: { a: '^1.0.0' } },
    ]),
  ).toBe(
    [
      'package  packed  unpacked  files  brings along         peers',
      'a        2 kB    10 kB     3      amqplib 2.3.1 (MIT)  none',
      'bc       2 kB    10 kB     3      none                 a',
    ].join('\n'),
  )
})
