import { test } from 'vitest'
import { checkRuns } from './check-runs.ts'
import { startInProcess } from './in-process.ts'
import { startObservedSystem } from './observed-system.ts'
import { readOptions } from './options.ts'

const full = process.env.POSTHORN_TEST_FULL === '1'
const { runs: wanted, ...options } = readOptions(process.env.POSTHORN_TEST_MODEL)
const runs = { inProcess: wanted ?? (full ? 200 : 12), killed: wanted ?? 10 }
/** In ms: many times what runs take, and a minute of shrinking. */
const limit = (count: number, each: number) => 180_000 + count * each

test(
  'both services do what the rules say, whatever is asked of them in whatever order and however often',
  async () => {
    const start = () => startObservedSystem(startInProcess)
    const command = 'npm test -- tooling/e2e/model'
    console.log(await checkRuns({ ...options, runs: runs.inProcess }, ['stop'], start, command))
  },
  limit(runs.inProcess, 10_000),
)

if (full) {
  test(
    'both services do what the rules say, killed and started again at any time',
    async () => {
      const command = 'npm run test:full -- tooling/e2e/model -t killed'
      console.log(
        await checkRuns({ ...options, runs: runs.killed }, ['stop', 'kill'], startObservedSystem, command),
      )
    },
    limit(runs.killed, 90_000),
  )
}
