import { literalText, visit } from '../syntax.mjs'
import type { SourceFile } from '../workspace.mjs'

interface Port {
  /** The folder of its contract suites in `contract-tests`. */
  readonly name: string
  readonly path: string
  /** The in-memory twin, beside the port. */
  readonly twin: string
  /** The package with the real adapter. */
  readonly adapter: string
}

const ports: readonly Port[] = [
  {
    name: 'external-bus',
    path: 'external-bus/external-bus.ts',
    twin: 'in-memory-external-bus.ts',
    adapter: 'rabbitmq',
  },
  {
    name: 'unit-of-work',
    path: 'unit-of-work/unit-of-work.ts',
    twin: 'in-memory-units-of-work.ts',
    adapter: 'uow-drizzle',
  },
  {
    name: 'repository',
    path: 'unit-of-work/repository.ts',
    twin: 'in-memory-repository.ts',
    adapter: 'uow-drizzle',
  },
  { name: 'outbox', path: 'outbox/outbox.ts', twin: 'in-memory-outbox-queue.ts', adapter: 'uow-drizzle' },
  { name: 'inbox', path: 'inbox/inbox.ts', twin: 'in-memory-inbox.ts', adapter: 'uow-drizzle' },
]

const entryPoint = 'packages/core/src/contract-tests/index.ts'

/**
 * Ports without an in-memory twin beside them, without a contract suite, or with a suite that is not run on both. The
 * suites of a port are the functions called `…Suite` or `…Contract` that `contract-tests/index.ts` exports from the
 * folder of the port's name; each must be called in a test of core and in one of the adapter's package.
 */
export function unprovenPorts(files: readonly SourceFile[]): string[] {
  const index = files.find(({ path }) => path === entryPoint)
  const suites = index === undefined ? [] : exportedSuites(index)
  return ports.flatMap(({ name, path, twin, adapter }) => {
    const findings: string[] = []
    const beside = `packages/core/src/${path.replace(/[^/]+$/, twin)}`
    if (!files.some((file) => file.path === beside)) findings.push(`${path} has no twin ${twin}`)
    const own = suites.filter(({ folder }) => folder === name)
    if (own.length === 0) findings.push(`${path} has no contract suite that ${entryPoint} exports`)
    for (const tests of ['packages/core/test/', `packages/${adapter}/test/`]) {
      const called = new Set(files.filter((file) => file.path.startsWith(tests)).flatMap(calledFunctions))
      for (const { suite } of own)
        if (!called.has(suite)) findings.push(`${path}: no test in ${tests} runs ${suite}`)
    }
    return findings
  })
}

function exportedSuites(index: SourceFile): { suite: string; folder: string }[] {
  const found: { suite: string; folder: string }[] = []
  visit(index, {
    ExportNamedDeclaration: ({ source, specifiers }) => {
      const [, folder = ''] = (literalText(source) ?? '').split('/')
      for (const { exported } of specifiers)
        if ('name' in exported && /(Suite|Contract)$/.test(exported.name))
          found.push({ suite: exported.name, folder })
    },
  })
  return found
}

function calledFunctions(file: SourceFile): string[] {
  const names: string[] = []
  visit(file, {
    CallExpression: ({ callee }) => {
      if (callee.type === 'Identifier') names.push(callee.name)
    },
  })
  return names
}
