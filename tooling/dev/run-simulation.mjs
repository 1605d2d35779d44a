import { workspaceEnvironment } from './install.mjs'
import * as phases from './phases.mjs'
import { root } from './places.mjs'
import { startProcess } from './processes.mjs'

/**
 * Simulates the world of the two services, which needs no servers.
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export async function runSimulation(args) {
  await phases.install()
  await phases.build()
  const simulation = startProcess(process.execPath, ['tooling/dist/simulation/main.js', ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: workspaceEnvironment(),
    graceMs: 1_000,
  })
  return simulation.ended
}
