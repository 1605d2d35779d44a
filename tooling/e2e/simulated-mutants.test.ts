import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { projectRoot } from '../running-system/project-root.ts'
import { allMutants } from '../simulation/mutants/all-mutants.ts'
import { mutate } from '../simulation/mutants/mutant.ts'

const MOST_SEEDS = 10_000
const main = join(projectRoot, 'tooling/dist/simulation/mutants/main.js')

test('guards enough are taken away', () => {
  expect(allMutants.length).toBeGreaterThanOrEqual(15)
  expect(new Set(allMutants.map(({ name }) => name)).size).toBe(allMutants.length)
})

test.each(allMutants)('what "$name" changes stands in the built core', ({ patches }) => {
  for (const patch of patches) {
    const source = readFileSync(join(projectRoot, 'packages/core/dist', patch.file), 'utf8')

    expect(mutate(source, patch)).not.toBe(source)
  }
})

/** Those that any few seeds show. */
const QUICK = new Set([
  'entry not struck off',
  'confirm counted twice',
  'missing deadline',
  'ordered queue with two consumers at once',
])
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
