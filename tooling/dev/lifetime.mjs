// What this run holds: nothing of it may remain when the run is over, however it ends. It is ended here, last first;
// where this process cannot do so any more, by its guard.
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endResource, send } from './end-resource.mjs'

/** Thrown where something new was to be started while everything is being ended. */
export class Ending extends Error {}

/** @type {Map<number, import('./end-resource.mjs').Resource>} */
const held = new Map()
let nextId = 1
/** @type {import('node:child_process').ChildProcess | undefined} */
let guard
/** @type {Promise<void> | undefined} */
let ending

/** @returns {boolean} */
export function isEnding() {
  return ending !== undefined
}

/** @throws {Ending} */
export function refuseWhenEnding() {
  if (ending) throw new Ending('The run is being ended.')
}

/**
 * Takes charge of a resource.
 * @param {import('./end-resource.mjs').Resource} resource
 * @returns {{ end(): Promise<void>, letGo(): void }} `end` ends it early, `letGo` forgets it
 */
export function hold(resource) {
  refuseWhenEnding()
  const id = nextId++
  held.set(id, resource)
  tellGuard({ id, resource })
  const letGo = () => forget(id)
  const end = async () => {
    if (held.has(id)) await endResource(resource)
    letGo()
  }
  return { end, letGo }
}

/**
 * Makes a private temporary folder that goes with the run.
 * @param {string} prefix
 * @returns {{ path: string, end(): Promise<void> }}
 */
export function temporaryFolder(prefix) {
  refuseWhenEnding()
  const path = mkdtempSync(join(tmpdir(), prefix))
  return { path, end: hold({ kind: 'path', path }).end }
}

/**
 * Ends everything that is held, last first; from now on nothing new can be started.
 * @param {NodeJS.Signals} [signal] passed on to the processes that have none of their own
 * @returns {Promise<void>}
 */
export function endEverything(signal) {
  ending ??= endInReverse(signal)
  return ending
}

/** Kills at once what would take its time; what needs an orderly end is left to the guard. */
export function abandonEverything() {
  for (const resource of held.values()) {
    if (resource.kind === 'process' && !resource.signal) send(-resource.pid, 'SIGKILL')
  }
}

async function endInReverse(signal) {
  for (const [id, resource] of [...held].reverse()) {
    await endResource(resource, signal)
    forget(id)
  }
}

function forget(id) {
  if (held.delete(id)) tellGuard({ id })
}

function tellGuard(message) {
  guard ??= startGuard()
  guard.stdin?.write(`${JSON.stringify(message)}\n`)
}

function startGuard() {
  const script = fileURLToPath(new URL('guard.mjs', import.meta.url))
  const child = spawn(process.execPath, [script], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const pipe = /** @type {import('node:net').Socket} */ (child.stdin)
  child.on('error', () => {})
  pipe.on('error', () => {})
  // Neither the guard nor the pipe to it keeps this process alive.
  child.unref()
  pipe.unref()
  return child
}
