import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { projectRoot } from '../running-system/project-root.ts'
import { allMutants } from '../simulation/mutants/all-mutants.ts'

const MOST_SEEDS = 10_000
const main = join(projectRoot, 'tooling/dist/simulation/mutants/main.js')

/** Those that any few seeds show. */
const QUICK = new Set(['entry not struck off', 'confirm counted twice', 'missing deadline'])
const wanted =
  process.env.POSTHORN_TEST_FULL === '1' ? allMutants : allMutants.filter(({ name }) => QUICK.has(name))

describe('a core without one of its guards breaks a promise in some simulated world', () => {
  test.each(wanted.map(({ name }) => name))(
    '%s',
    async (name) => {
      const { stdout } = await promisify(execFile)(process.execPath, [main, String(MOST_SEEDS), name])

      expect(stdout).toMatch(/seed \d+: /)
    },
    1_200_000,
  )
})
