import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const conditions = ['@posthorn/source', 'node', 'import', 'default']

/** Tests run on source; Node 20 has no `await using`, so it is compiled away. */
const onSource = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  oxc: { target: 'es2022' },
}

/**
 * Projects run one after another in the order of `place`, those with the same place together. Files of a worker share
 * its modules: to load the sources anew for each file takes longer than most files do.
 */
function project(name: string, place: number, include: string[]) {
  return {
    ...onSource,
    test: {
      name,
      include,
      sequence: { groupOrder: place },
      isolate: false,
      testTimeout: 20_000,
      hookTimeout: 60_000,
    },
  }
}

const kind = (name: string) => `{packages,services}/*/test/${name}/**/*.test.ts`

/** Whose files take half a minute and more: begun last, one would run alone at the end. */
const LONG = /\/tooling\/e2e\/(simulation|northwind|faults|tutorial|publishing)/

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification) => LONG.test(moduleId)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    projects: [
      project('tidy', 1, ['tooling/checks/**/*.test.ts']),
      project('unit', 1, [kind('unit'), 'tooling/*/test/unit/**/*.test.ts']),
      project('examples', 1, ['examples/*.test.ts']),
      project('contract', 2, [kind('contract')]),
      project('integration', 2, [kind('integration')]),
      project('e2e', 3, ['services/*/test/e2e/**/*.test.ts', 'tooling/e2e/**/*.test.ts']),
    ],
  },
})
