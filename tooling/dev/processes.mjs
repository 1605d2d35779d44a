import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { within } from './deadline.mjs'
import { send } from './end-resource.mjs'
import { Failure } from './failure.mjs'
import { hold, refuseWhenEnding } from './lifetime.mjs'

/**
 * @typedef {object} StartedProcess
 * @property {import('node:child_process').ChildProcess} child
 * @property {Promise<number>} ended its exit code, 128 and the signal's number when a signal ended it
 * @property {() => boolean} hasEnded
 * @property {() => Promise<void>} end
 */

/**
 * Starts a process as the leader of its own group, so that Ctrl-C reaches it only through us, and so that whatever
 * it leaves behind in its group can be killed with it.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions & { signal?: never, endWith?: NodeJS.Signals, graceMs?: number }} [options]
 * @returns {StartedProcess}
 */
export function startProcess(command, args, { endWith, graceMs = 5_000, ...options } = {}) {
  refuseWhenEnding()
  const child = spawn(command, args, { stdio: 'ignore', ...options, detached: true })
  const ended = new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
    child.once('error', (error) => reject(cannotStart(command, error)))
  })
  ended.catch(() => {})
  const { pid } = child
  if (pid === undefined) return { child, ended, hasEnded: () => true, end: async () => {} }

  const { end, letGo } = hold({ kind: 'process', pid, signal: endWith, graceMs })
  child.once('exit', () => {
    send(-pid, 'SIGKILL')
    letGo()
  })
  return { child, ended, hasEnded: () => child.exitCode !== null || child.signalCode !== null, end }
}

/**
 * Runs a command to its end and gathers what it prints.
 * @param {string} command
 * @param {string[]} args
 * @param {Parameters<typeof startProcess>[2] & { deadlineMs: number }} options
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
export async function run(command, args, { deadlineMs, ...options }) {
  const { child, ended, end } = startProcess(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output = (output + text).slice(-1_000_000)
    })
  }
  const closed = new Promise((resolve) => child.once('close', resolve))
  try {
    const code = await within(deadlineMs, basename(command), ended)
    // A daemon that inherited the pipes would keep them open for good.
    await within(1_000, 'reading', closed).catch(() => {})
    return { ok: code === 0, output }
  } catch (error) {
    await end()
    throw error
  }
}

/**
 * Runs a command that must succeed.
 * @param {string} command
 * @param {string[]} args
 * @param {Parameters<typeof run>[2] & { what: string }} options `what` begins the sentence of the failure
 * @returns {Promise<string>} what it printed
 */
export async function runOrFail(command, args, { what, ...options }) {
  const { ok, output } = await run(command, args, options)
  if (!ok) throw new Failure(`${what} failed: ${lastLine(output)}`)
  return output
}

/**
 * The line of a command's output that most likely names the reason.
 * @param {string} output
 * @returns {string}
 */
export function lastLine(output) {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const telling = lines.filter((line) => /\b(error|fatal|panic|cannot|could not|denied)\b|^E:/i.test(line))
  return telling.at(-1) ?? lines.at(-1) ?? 'it printed nothing'
}

function cannotStart(command, error) {
  return new Failure(`${basename(command)} cannot be started (${error.code ?? error.message}).`)
}
