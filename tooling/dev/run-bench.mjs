import { join } from 'node:path'
import { workspaceEnvironment } from './install.mjs'
import * as phases from './phases.mjs'
import { root } from './places.mjs'
import { startProcess } from './processes.mjs'

const folder = join(root, 'benchmarks')

/**
 * Runs the benchmarks on a broker and a database of their own. The peers are installed here and nowhere else.
 * @param {string[]} args
 * @param {import('./settings.mjs').Settings} settings
 * @returns {Promise<number>} the exit code
 */
export async function runBench(args, settings) {
  const [database, broker] = await Promise.all([
    phases.postgres(settings),
    phases.rabbitMq(settings),
    phases.install().then(() => phases.build()),
  ])
  await phases.benchmarks(folder)
  const bench = startProcess(process.execPath, ['--no-warnings', 'dist/main.js', ...args], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...workspaceEnvironment(),
      BENCHMARK_AMQP_URL: broker?.amqpUrl,
      BENCHMARK_MANAGEMENT_URL: broker?.managementUrl,
      BENCHMARK_DATABASE_URL: database.url,
    },
    graceMs: 5_000,
  })
  return bench.ended
}
