// @ts-check
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import { checks } from './check-list.mjs'
import { isMain, root } from './workspace.mjs'

/** @typedef {import('./check-list.mjs').Check} Check */
/** @typedef {{ readonly failed: boolean, readonly output: string }} Result */

/**
 * The checks with these names and all that they need; all checks when no name is given.
 * @param {readonly Check[]} from
 * @param {readonly string[]} names
 * @returns {Check[]}
 */
export function select(from, names) {
  const wanted = new Set(names.length === 0 ? from.map(({ name }) => name) : names)
  for (const name of wanted) {
    const check = from.find((candidate) => candidate.name === name)
    if (check === undefined)
      throw new Error(`There is no check '${name}': ${from.map((one) => one.name).join(', ')}`)
    for (const needed of check.needs ?? []) wanted.add(needed)
  }
  return from.filter(({ name }) => wanted.has(name))
}

/**
 * Runs checks, `width` at a time, each after what it needs. A check whose need has failed is not run, and fails.
 * @param {readonly Check[]} selected
 * @param {number} width
 * @param {(check: Check) => Promise<Result>} run
 * @param {(check: Check, result: Result, ms: number) => void} done called for each as it ends
 * @returns {Promise<boolean>} whether all succeeded
 */
export async function runAll(selected, width, run, done) {
  /** @type {Map<string, boolean>} */
  const succeeded = new Map()
  const names = new Set(selected.map(({ name }) => name))
  const waiting = [...selected]
  const running = new Set()
  /** @type {(check: Check) => Promise<void>} */
  const start = async (check) => {
    const started = performance.now()
    const broken = check.needs?.filter((need) => succeeded.get(need) === false) ?? []
    const result =
      broken.length > 0 ? { failed: true, output: `not run: ${broken.join(', ')} failed` } : await run(check)
    succeeded.set(check.name, !result.failed)
    done(check, result, performance.now() - started)
  }
  while (waiting.length > 0 || running.size > 0) {
    const next = waiting.findIndex((one) =>
      [...(one.needs ?? []), ...(one.after ?? [])].every(
        (other) => !names.has(other) || succeeded.has(other),
      ),
    )
    const [check] = next === -1 || running.size >= width ? [] : waiting.splice(next, 1)
    if (check === undefined) await Promise.race(running)
    else {
      const ended = start(check).finally(() => running.delete(ended))
      running.add(ended)
    }
  }
  return [...succeeded.values()].every(Boolean)
}

/**
 * @param {Check} check
 * @returns {Promise<Result>}
 */
async function runCommands(check) {
  const env = {
    ...process.env,
    PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
    ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}),
  }
  let output = ''
  let failed = false
  for (const command of check.commands) {
    const child = spawn(command, { cwd: root, env, shell: true, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (output += text))
    const code = await new Promise((resolve) => child.on('close', resolve))
    if (code !== 0) failed = true
  }
  return { failed, output }
}

/** @type {(check: Check, result: Result, ms: number) => void} */
function print({ name }, { failed, output }, ms) {
  console.log(`${failed ? '✗' : '✓'} ${name.padEnd(10)} ${(ms / 1000).toFixed(1).padStart(5)} s`)
  if (failed) console.log(`\n${output.trim()}\n`)
}

if (isMain(import.meta.url)) {
  const selected = select(checks, process.argv.slice(2))
  const succeeded = await runAll(selected, Math.max(2, availableParallelism()), runCommands, print)
  process.exitCode = succeeded ? 0 : 1
}
