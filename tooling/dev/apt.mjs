import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { findProgram } from './find-program.mjs'
import { hold } from './lifetime.mjs'
import { run, runOrFail } from './processes.mjs'

const POLICY = '/usr/sbin/policy-rc.d'
// SIGINT is the signal that apt-get heeds while downloading and ignores while dpkg is at work.
const APT = {
  endWith: /** @type {const} */ ('SIGINT'),
  graceMs: 90_000,
  env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
}

/** @typedef {{ names: Set<string>, done: Promise<void> }} Batch */
/** @type {Batch | undefined} */
let batch
/** @type {Promise<void>} */
let lastRun = Promise.resolve()

/**
 * Whether packages can be installed here: Debian or a child of it, as root.
 * @returns {boolean}
 */
export function canUseApt() {
  if (process.getuid?.() !== 0 || !findProgram('apt-get') || !existsSync('/etc/os-release')) return false
  return /^ID(_LIKE)?=.*\bdebian\b/m.test(readFileSync('/etc/os-release', 'utf8'))
}

/**
 * Installs Debian packages. Requests that come within a second share one run of apt-get; runs never overlap.
 * @param {string} name
 * @param {(line: string) => void} log
 * @returns {Promise<void>}
 */
export function installDebianPackage(name, log) {
  batch ??= gather(log)
  batch.names.add(name)
  return batch.done
}

/** @param {(line: string) => void} log @returns {Batch} */
function gather(log) {
  const names = new Set()
  const done = lastRun
    .catch(() => {})
    .then(() => pause(1_000))
    .then(() => {
      batch = undefined
      return install([...names], log)
    })
  lastRun = done
  return { names, done }
}

async function install(names, log) {
  log(
    `installing ${names.join(' and ')} with apt-get, since this machine lacks ${names.length > 1 ? 'them' : 'it'}`,
  )
  const policy = forbidServiceStarts()
  try {
    // The lists may be good enough even when they cannot be renewed.
    await run('apt-get', ['update'], { ...APT, deadlineMs: 180_000 })
    const flags = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=180']
    const what = `apt-get install ${names.join(' ')}`
    await runOrFail('apt-get', ['install', ...flags, ...names], { ...APT, what, deadlineMs: 600_000 })
  } finally {
    await policy?.end()
  }
  if (existsSync('/run/systemd/system')) await keepFromStartingAtBoot(names)
}

/** Where the administrator has a policy already, it decides. */
function forbidServiceStarts() {
  if (existsSync(POLICY)) return undefined
  const policy = hold({ kind: 'path', path: POLICY })
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  return policy
}

async function keepFromStartingAtBoot(names) {
  const services = names.filter((name) => existsSync(`/lib/systemd/system/${name}.service`))
  if (services.length > 0) await run('systemctl', ['disable', ...services], { deadlineMs: 30_000 })
}
