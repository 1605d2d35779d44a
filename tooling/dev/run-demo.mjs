import { parseDemoArguments } from './arguments.mjs'
import { within } from './deadline.mjs'
import { readDemoPorts } from './demo-ports.mjs'
import { workspaceEnvironment } from './install.mjs'
import * as phases from './phases.mjs'
import { root } from './places.mjs'
import { startProcess } from './processes.mjs'

const ONCE_MS = 30 * 60_000

/**
 * Runs the demo with a broker and a database of its own, until it ends or is told to.
 * @param {string[]} args
 * @param {import('./settings.mjs').Settings} settings
 * @returns {Promise<number>} its exit code
 */
export async function runDemo(args, settings) {
  const ports = await readDemoPorts(process.env)
  const demoArguments = [
    ...parseDemoArguments(args, settings.typedIn),
    `--allocation-port=${ports.allocation}`,
    `--notifications-port=${ports.notifications}`,
  ]
  const [database, broker] = await Promise.all([
    phases.postgres(settings),
    phases.rabbitMq(settings),
    phases.install().then(() => phases.build()),
  ])

  const demo = startProcess(process.execPath, ['tooling/dist/demo/main.js', ...demoArguments], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...workspaceEnvironment(),
      POSTHORN_DEMO_AMQP_URL: broker?.amqpUrl,
      POSTHORN_DEMO_MANAGEMENT_URL: broker?.managementUrl,
      POSTHORN_DEMO_DATABASE_URL: database.url,
    },
    graceMs: 30_000,
  })
  return demoArguments.includes('--once') ? within(ONCE_MS, 'The demo', demo.ended) : demo.ended
}
