import { chmodSync } from 'node:fs'
import { workspaceEnvironment } from './install.mjs'
import { temporaryFolder } from './lifetime.mjs'
import * as phases from './phases.mjs'
import { root } from './places.mjs'
import { startProcess } from './processes.mjs'

/**
 * Runs the fault machine, which has servers of its own.
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export async function runFaults(args) {
  await phases.install()
  await phases.build()
  const folder = temporaryFolder('posthorn-faults-')
  // Postgres runs as somebody else than root.
  chmodSync(folder.path, 0o711)
  const faults = startProcess(process.execPath, ['tooling/dist/faults/main.js', ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...workspaceEnvironment(), TMPDIR: folder.path },
    graceMs: 1_000,
  })
  return faults.ended
}
