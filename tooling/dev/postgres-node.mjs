import { randomBytes } from 'node:crypto'
import { chownSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isPostgresReady } from './ask-postgres.mjs'
import { until } from './deadline.mjs'
import { Failure } from './failure.mjs'
import { freePort } from './free-port.mjs'
import { temporaryFolder } from './lifetime.mjs'
import { lastLine, runOrFail, startProcess } from './processes.mjs'
import { unprivilegedUser } from './unprivileged-user.mjs'

// Without fsync, data survive the death of processes, not that of the machine: enough for a throw-away node.
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'max_connections=300',
  'fsync=off',
]

/**
 * A server's certificate and key, and the authority of its clients' certificates. All PEM.
 * @typedef {{ ca: string, cert: string, key: string }} TlsFiles
 */

/** Where a node speaks TLS, this role needs the certificate of that name and no password. */
const CERTIFIED_ROLE = 'certified'

/**
 * Starts a private Postgres on loopback, in a temporary folder of its own. `kill` ends it as a crash would, `start` has
 * it serve again on its data.
 * @param {string} binaries the folder of `initdb` and `postgres`
 * @param {TlsFiles} [tls]
 * @returns {Promise<{
 *   url: string, version: string, stop(): Promise<void>, kill(): Promise<void>, start(): Promise<void>
 * }>}
 */
export async function startPostgresNode(binaries, tls) {
  const user = unprivilegedUser(['postgres', 'nobody'])
  const folder = temporaryFolder('posthorn-postgres-')
  if (user) chownSync(folder.path, user.uid, user.gid)
  const options = { ...user, cwd: folder.path, env: { PATH: process.env.PATH, LC_ALL: 'C' } }

  const password = await createCluster(binaries, folder.path, options)
  const port = await freePort()
  const logFile = join(folder.path, 'postgres.log')
  const secured = tls ? secure(folder.path, tls, options) : []
  const settings = [...SETTINGS, ...secured].flatMap((setting) => ['-c', setting])
  const launch = () => {
    const log = openSync(logFile, 'a')
    const started = startProcess(
      join(binaries, 'postgres'),
      ['-D', 'data', '-p', String(port), ...settings],
      {
        ...options,
        stdio: ['ignore', log, log],
        // Immediate shutdown: no checkpoint for data that are thrown away.
        endWith: 'SIGQUIT',
        graceMs: 5_000,
      },
    )
    closeSync(log)
    return started
  }
  let server = launch()
  const stop = async () => {
    await server.end()
    await folder.end()
  }
  const serves = (/** @type {() => void} */ onEnd) =>
    until(30_000, 'Postgres', () => {
      if (server.hasEnded()) onEnd()
      return isPostgresReady({ host: '127.0.0.1', port })
    })
  const ready = serves(() => {
    throw new Failure(`Postgres ended at its start: ${lastLine(readFileSync(logFile, 'utf8'))}`)
  })
  await ready.catch((error) => stop().then(() => Promise.reject(error)))
  const kill = async () => {
    server.child.kill('SIGKILL')
    await server.ended
  }
  // It ends again as long as a process of its predecessor is left.
  const start = () =>
    serves(() => {
      server = launch()
    })
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  return { url, version: await versionOf(binaries), stop, kill, start }
}

async function createCluster(binaries, folder, options) {
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (options.uid !== undefined) chownSync(passwordFile, options.uid, options.gid)
  const access = ['-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile]
  const cluster = ['-D', 'data', '-E', 'UTF8', '--locale=C', '--no-sync']
  await runOrFail(join(binaries, 'initdb'), [...cluster, ...access], {
    ...options,
    what: 'initdb',
    deadlineMs: 60_000,
  })
  return password
}

/** @returns {string[]} settings */
function secure(folder, tls, { uid, gid }) {
  const own = (/** @type {string} */ name, /** @type {string} */ text) => {
    const file = join(folder, name)
    writeFileSync(file, text, { mode: 0o600 })
    if (uid !== undefined) chownSync(file, uid, gid)
    return file
  }
  const access = join(folder, 'data', 'pg_hba.conf')
  writeFileSync(access, `hostssl all ${CERTIFIED_ROLE} all cert\n${readFileSync(access, 'utf8')}`)
  return [
    'ssl=on',
    `ssl_ca_file=${own('ca.pem', tls.ca)}`,
    `ssl_cert_file=${own('cert.pem', tls.cert)}`,
    `ssl_key_file=${own('key.pem', tls.key)}`,
  ]
}

async function versionOf(binaries) {
  const printed = await runOrFail(join(binaries, 'postgres'), ['--version'], {
    what: 'postgres',
    deadlineMs: 10_000,
  })
  return /\d+(\.\d+)*/.exec(printed)?.[0] ?? 'of unknown version'
}
