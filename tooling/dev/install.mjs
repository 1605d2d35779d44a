import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Failure } from './failure.mjs'
import { root, workspaceProgram } from './places.mjs'
import { run } from './processes.mjs'

/**
 * Installs the workspace, or a folder with a lockfile of its own, unless that has been done for this very lockfile.
 * @param {string} [folder]
 * @returns {Promise<boolean>} whether there was something to do
 */
export async function installWorkspace(folder = root) {
  const stamp = join(folder, 'node_modules', '.posthorn-installed')
  const wanted = fingerprint(folder)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return false
  // npx runs outside of the workspace, lest it look at what may be half installed there.
  const { ok, output } = await run(
    'npx',
    ['--yes', packageManager(), '--dir', folder, 'install', '--frozen-lockfile'],
    {
      cwd: tmpdir(),
      deadlineMs: 600_000,
    },
  )
  if (!ok) throw new Failure('The packages could not be installed: see above.', output)
  writeFileSync(stamp, wanted)
  return true
}

/**
 * Builds all packages; prints only when that fails.
 * @returns {Promise<void>}
 */
export async function buildWorkspace() {
  const { ok, output } = await run(workspaceProgram('turbo'), ['run', 'build', '--output-logs=errors-only'], {
    cwd: root,
    env: { ...workspaceEnvironment(), TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    deadlineMs: 300_000,
  })
  if (!ok) throw new Failure('The build failed: see above.', output)
}

/**
 * Compiles the benchmarks, which are no part of the workspace; prints only when that fails.
 * @param {string} folder
 * @returns {Promise<void>}
 */
export async function buildBenchmarks(folder) {
  const { ok, output } = await run(join(folder, 'node_modules', '.bin', 'tsc'), ['-p', '.'], {
    cwd: folder,
    deadlineMs: 120_000,
  })
  if (!ok) throw new Failure('The benchmarks could not be compiled: see above.', output)
}

/**
 * The environment in which the workspace's programs find each other.
 * @returns {NodeJS.ProcessEnv}
 */
export function workspaceEnvironment() {
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`
  return { ...process.env, PATH: path }
}

/** @returns {string} such as `pnpm@12.21.0` */
function packageManager() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return packageManager
}

function fingerprint(folder) {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex')
}
