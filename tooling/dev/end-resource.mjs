import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Something that outlives the runner unless it is ended. It is plain data, so that the guard, another process, can
 * end it too. A process is the leader of its own group; without a `signal` of its own it gets the one that the
 * runner got.
 * @typedef {{ kind: 'process', pid: number, signal?: NodeJS.Signals, graceMs: number }
 *   | { kind: 'path', path: string }
 *   | { kind: 'container', name: string }} Resource
 */

/**
 * Ends one resource; never throws, and never takes longer than its grace and ten seconds more.
 * @param {Resource} resource
 * @param {NodeJS.Signals} [signal]
 * @returns {Promise<void>}
 */
export async function endResource(resource, signal = 'SIGTERM') {
  if (resource.kind === 'process') return endProcess(resource, resource.signal ?? signal)
  if (resource.kind === 'container') return removeContainer(resource.name)
  await rm(resource.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }).catch(() => {})
}

/**
 * Sends a signal to a process, or to a whole group when the id is negative; one that has gone is no error.
 * @param {number} pid
 * @param {NodeJS.Signals | 0} signal
 * @returns {boolean} whether it was there
 */
export function send(pid, signal) {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** The leader alone is asked, since it ends its own children in order; the whole group is killed. */
async function endProcess({ pid, graceMs }, signal) {
  if (signal !== 'SIGKILL') {
    send(pid, signal)
    if (await isGroupGone(pid, graceMs)) return
  }
  send(-pid, 'SIGKILL')
  await isGroupGone(pid, 5_000)
}

async function isGroupGone(pid, milliseconds) {
  for (const end = Date.now() + milliseconds; Date.now() < end; await pause(50)) {
    if (!isGroupAlive(pid)) return true
  }
  return false
}

/** Zombies count as alive for `kill`, and an init that is slow to reap them would hold us up: so they are looked at. */
function isGroupAlive(pid) {
  if (!send(-pid, 0)) return false
  if (process.platform !== 'linux') return true
  return readdirSync('/proc').some((entry) => /^\d+$/.test(entry) && isLivingMember(entry, pid))
}

function isLivingMember(entry, group) {
  try {
    // The fields after the name, which is in parentheses and may hold anything: state, parent, group.
    const [state, , itsGroup] = readFileSync(`/proc/${entry}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return Number(itsGroup) === group && state !== 'Z'
  } catch {
    return false
  }
}

/** @param {string} name @returns {Promise<void>} */
function removeContainer(name) {
  return new Promise((resolve) => {
    const docker = spawn('docker', ['rm', '--force', '--volumes', name], { stdio: 'ignore', timeout: 10_000 })
    docker.once('error', () => resolve())
    docker.once('exit', () => resolve())
  })
}
