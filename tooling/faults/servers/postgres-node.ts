import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import postgres from 'postgres'
import { eventually } from '../../running-system/eventually.ts'
import { freePort } from '../../running-system/free-port.ts'
import { findProgram, postgresFolders } from './find-program.ts'
import { type KillableProcess, runProgram, startKillable } from './killable-process.ts'

/** A Postgres of our own, that may be killed and started again on its data. */
export interface PostgresNode {
  readonly url: string
  readonly port: number
  /** Where its disk can be filled up; undefined where it has no small disk of its own, `why` not. */
  readonly disk: { readonly folder: string } | { readonly why: string }
  /**
   * Ends it: SIGINT with a checkpoint, SIGQUIT without, SIGKILL the postmaster alone, whose children notice that and go.
   */
  end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** Starts it where it is not running, and waits until it serves. */
  start(): Promise<void>
  stop(): Promise<void>
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  fsync: 'off',
  max_wal_size: '96MB',
  min_wal_size: '32MB',
}
const DISK = '320m'

/** @throws when this machine has no Postgres */
export async function startPostgresNode(folder: string): Promise<PostgresNode> {
  const initdb = findProgram('initdb', postgresFolders())
  if (initdb === undefined) throw new Error('This machine has no initdb; install postgresql')
  const user = await unprivilegedUser()
  const data = join(folder, 'postgres')
  await mkdir(data, { mode: 0o700 })
  await chmod(folder, 0o711)
  if (user !== undefined) await chown(data, user.uid, user.gid)
  const holder = user === undefined ? undefined : await holdSmallDisk(data, user)
  const inside = (command: string, args: readonly string[]): [string, string[]] =>
    user === undefined || holder === undefined
      ? [command, [...args]]
      : ['nsenter', ['-t', `${holder.pid}`, '-m', 'setpriv', ...identity(user), command, ...args]]
  const options = { cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C' } }
  const asUser = holder === undefined ? { ...options, ...user } : options

  const password = randomBytes(16).toString('hex')
  const passwordFile = join(folder, 'postgres-password')
  await writeFile(passwordFile, password, { mode: 0o644 })
  const pgdata = join(data, 'data')
  const cluster = ['-D', pgdata, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile]
  await runProgram(...inside(initdb, [...cluster, '-E', 'UTF8', '--locale=C', '--no-sync']), asUser)
  await rm(passwordFile)

  const port = await freePort()
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const program = join(dirname(initdb), 'postgres')
  let server: KillableProcess | undefined

  const node: PostgresNode = {
    url,
    port,
    disk:
      holder === undefined
        ? { why: 'a small tmpfs of its own takes root' }
        : { folder: `/proc/${holder.pid}/root${data}` },
    end: async (signal) => server?.end(signal),
    start: async () => {
      await eventually(
        async () => {
          if (server === undefined || server.ended) {
            server = startKillable(...inside(program, ['-D', pgdata, '-p', `${port}`, ...settings]), asUser)
          }
          return (await serves(url)) || undefined
        },
        () => `Postgres to serve; it said:\n${server?.output()}`,
        60_000,
      )
    },
    stop: async () => {
      await server?.end('SIGQUIT')
      await holder?.end('SIGKILL')
    },
  }
  await node.start()
  return node
}

/** A process with a mount of its own, which nobody else sees and which goes with it. */
async function holdSmallDisk(folder: string, user: { readonly uid: number; readonly gid: number }) {
  if (findProgram('unshare') === undefined || findProgram('setpriv') === undefined) return undefined
  const mount = `mount -t tmpfs -o size=${DISK},mode=700,uid=${user.uid},gid=${user.gid} faults ${folder}`
  const script = `${mount} && echo mounted && exec sleep infinity`
  const holder = startKillable('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script])
  await eventually(() => holder.output().includes('mounted') || holder.ended || undefined, 'a small disk')
  return holder.ended ? undefined : holder
}

function identity({ uid, gid }: { readonly uid: number; readonly gid: number }): readonly string[] {
  return ['--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups']
}

/** Postgres refuses to run as root. */
async function unprivilegedUser() {
  if (process.getuid?.() !== 0) return undefined
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const fields = ['postgres', 'nobody'].map((name) => users.find(([user]) => user === name)).find(Boolean)
  if (fields === undefined) throw new Error('Neither postgres nor nobody is a user here')
  return { uid: Number(fields[2]), gid: Number(fields[3]) }
}

async function serves(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, fetch_types: false, onnotice: () => undefined })
  try {
    await sql`select 1`
    return true
  } catch {
    return false
  } finally {
    await sql.end({ timeout: 1 })
  }
}
