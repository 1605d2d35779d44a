import { parseTestArguments } from './arguments.mjs'
import { within } from './deadline.mjs'
import { workspaceEnvironment } from './install.mjs'
import * as phases from './phases.mjs'
import { root, workspaceProgram } from './places.mjs'
import { startProcess } from './processes.mjs'

const MINUTE = 60_000

/**
 * Runs vitest with a broker and a database of its own.
 * @param {string[]} args
 * @param {import('./settings.mjs').Settings} settings
 * @returns {Promise<number>} its exit code
 */
export async function runTests(args, settings) {
  const { full, report, rest } = parseTestArguments(args, settings.typedIn)
  const [database, broker, python] = await Promise.all([
    phases.postgres(settings),
    phases.rabbitMq(settings),
    phases.pika(settings),
    phases.install().then(() => phases.build()),
  ])

  const reporters = report ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : []
  const vitest = startProcess(workspaceProgram('vitest'), ['run', ...reporters, ...rest], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...workspaceEnvironment(),
      POSTHORN_TEST_AMQP_URL: broker?.amqpUrl,
      POSTHORN_TEST_MANAGEMENT_URL: broker?.managementUrl,
      POSTHORN_TEST_DATABASE_URL: database.url,
      POSTHORN_TEST_FULL: full ? '1' : undefined,
      POSTHORN_TEST_PYTHON: python,
    },
    graceMs: 10_000,
  })
  const code = await within((full ? 90 : 20) * MINUTE, 'The test run', vitest.ended)
  if (!broker) console.error('There was no broker: the tests that need one have failed.')
  return code
}
