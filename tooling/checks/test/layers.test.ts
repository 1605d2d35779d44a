import { expect, test } from 'vitest'
import { entryPointsOf, findLayerViolations } from '../layers.mjs'

const entryPoints = entryPointsOf([
  {
    path: 'packages/core/package.json',
    text: '{ "name": "@posthorn/core", "exports": { ".": {}, "./contract-tests": {}, "./testing": {} } }',
  },
])

/** The rules that a file at `path` breaks by importing `specifiers`. */
function broken(path: string, ...specifiers: string[]): string[] {
  const text = specifiers.map((specifier) => `import '${specifier}'`).join('\n')
  return findLayerViolations([{ path, text }], entryPoints).map((finding) =>
    finding.split(': ').slice(2).join(': '),
  )
}

const coreAlone = 'core imports nothing but itself and node: built-ins'
const inside = "nobody imports another package's inner files"
const domain = 'the domain imports nothing but itself, the contracts and @posthorn/core'
const serviceLayer = 'the service layer does not know adapters and entrypoints'
const onlyBootstrap = 'only bootstrap.ts names adapters'

test.each([
  ['packages/core/src/outbox/outbox.ts', 'zod', coreAlone],
  [
    'packages/core/src/messages/message.ts',
    '../clock.ts',
    'messages imports nothing from the rest of core but errors.ts',
  ],
  [
    'packages/core/src/index.ts',
    './contract-tests/index.ts',
    'nothing but tests imports the contract suites and the test kits',
  ],
  [
    'services/allocation/src/bootstrap.ts',
    '@posthorn/core/testing',
    'nothing but tests imports the contract suites and the test kits',
  ],
  ['packages/rabbitmq/src/publisher.ts', '@posthorn/uow-drizzle', 'rabbitmq does not know uow-drizzle'],
  ['packages/uow-drizzle/src/outbox.ts', '@posthorn/rabbitmq', 'uow-drizzle does not know rabbitmq'],
  ['packages/rabbitmq/test/unit/a.test.ts', '@posthorn/contracts', 'packages know nothing of services'],
  ['packages/rabbitmq/test/unit/a.test.ts', '../../../core/src/errors.ts', inside],
  ['packages/rabbitmq/src/publisher.ts', '@posthorn/core/src/errors.ts', inside],
  ['packages/rabbitmq/src/publisher.ts', '../../../tooling/fixtures/vhost.ts', inside],
  ['services/allocation/src/domain/product.ts', 'node:crypto', domain],
  ['services/allocation/src/domain/product.ts', '../service-layer/handlers.ts', domain],
  ['services/allocation/src/service-layer/handlers.ts', '../entrypoints/http.ts', serviceLayer],
  ['services/allocation/src/service-layer/handlers.ts', '@posthorn/uow-drizzle', serviceLayer],
  ['services/allocation/src/entrypoints/http.ts', '../adapters/mailer.ts', onlyBootstrap],
  [
    'services/allocation/src/entrypoints/http.ts',
    '@posthorn/notifications',
    'services know each other only through @posthorn/contracts',
  ],
])('%s must not import %s', (path, specifier, rule) => {
  expect(broken(path, specifier)).toEqual([rule])
})

test('what the layers allow passes', () => {
  expect(broken('packages/core/src/outbox/outbox.ts', '../messages/message.ts', 'node:util')).toEqual([])
  expect(broken('packages/core/src/messages/message.ts', '../errors.ts', './names.ts')).toEqual([])
  expect(broken('packages/core/test/unit/a.test.ts', '../../src/errors.ts', 'zod', 'vitest')).toEqual([])
  expect(
    broken('packages/rabbitmq/test/integration/a.test.ts', '../../../../tooling/fixtures/vhost.ts'),
  ).toEqual([])
  expect(broken('packages/rabbitmq/test/integration/a.test.ts', '@posthorn/core/contract-tests')).toEqual([])
  expect(broken('services/allocation/src/domain/product.ts', './batch.ts', '@posthorn/contracts')).toEqual([])
  expect(
    broken('services/allocation/src/bootstrap.ts', './adapters/mailer.ts', '@posthorn/rabbitmq'),
  ).toEqual([])
})

test.each([
  "import type { A } from 'zod'",
  "export { A } from 'zod'",
  "export type { A } from 'zod'",
  "const a = import('zod')",
  "type A = import('zod').A",
])('every form of import counts: %s', (text) => {
  const findings = findLayerViolations([{ path: 'packages/core/src/a.ts', text: `\n${text}\n` }], entryPoints)
  expect(findings).toEqual([`packages/core/src/a.ts:2: imports 'zod': ${coreAlone}`])
})

test('an import in a comment or a string does not count', () => {
  const text = "// import 'zod'\nexport const example = \"import 'zod'\"\n"
  expect(findLayerViolations([{ path: 'packages/core/src/a.ts', text }], entryPoints)).toEqual([])
})

test('import cycles are found once each, through types too', () => {
  const files = [
    { path: 'packages/core/src/a.ts', text: "import { b } from './b.ts'" },
    { path: 'packages/core/src/b.ts', text: "import type { C } from './c.ts'" },
    { path: 'packages/core/src/c.ts', text: "export { a } from './a.ts'" },
    { path: 'packages/core/src/d.ts', text: "import { a } from './a.ts'" },
  ]
  expect(findLayerViolations(files, entryPoints)).toEqual([
    'packages/core/src/a.ts: import cycle: packages/core/src/a.ts → packages/core/src/b.ts → packages/core/src/c.ts → packages/core/src/a.ts',
  ])
})
