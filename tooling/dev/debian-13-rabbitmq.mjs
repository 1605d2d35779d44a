import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canUseApt, installDebianPackage } from './apt.mjs'
import { Failure } from './failure.mjs'
import { findProgram } from './find-program.mjs'
import { hold } from './lifetime.mjs'
import { userCacheFolder } from './places.mjs'
import { runOrFail, startProcess } from './processes.mjs'
import { startRabbitMqNode } from './rabbitmq-node.mjs'

const ROOT = join(userCacheFolder, 'debian-13-rabbitmq')

// The mounts are seen by this process and its children alone, and go with the last of them. The temporary folder keeps
// its path, so that a node's configuration reads the same inside.
const ENTER = `root=$0 temporary=$1; shift
mount --bind /proc "$root/proc"
mkdir -p "$root$temporary"
mount --bind "$temporary" "$root$temporary"
exec chroot "$root" "$@"`

/**
 * Starts the RabbitMQ of Debian 13 in a root folder of its own, which is filled at the first time and kept for the user.
 * @param {(line: string) => void} log
 * @param {import('./rabbitmq-configuration.mjs').TlsListener} [tls]
 * @returns {Promise<import('./provide-rabbitmq.mjs').ProvidedRabbitMq>}
 */
export async function debian13RabbitMq(log, tls) {
  if (!canUseApt()) throw new Failure('only root can have it, on Debian or a child of it.')
  if (!existsSync(ROOT)) await fill(log)
  const broker = await startRabbitMqNode({
    server: '/usr/lib/rabbitmq/bin/rabbitmq-server',
    epmd: '/usr/bin/epmd',
    start: startInside,
    tls,
  })
  return { ...broker, source: 'Debian 13 in a chroot' }
}

/** @type {typeof startProcess} */
function startInside(program, args, options) {
  const enter = ['--mount', 'sh', '-ec', ENTER, ROOT, tmpdir()]
  return startProcess('unshare', [...enter, program, ...args], options)
}

async function fill(log) {
  const folders = ['/usr/sbin']
  if (!findProgram('debootstrap', folders)) await installDebianPackage('debootstrap', log)
  const debootstrap = findProgram('debootstrap', folders) ?? 'debootstrap'
  log(`putting Debian 13 with its RabbitMQ into ${ROOT}, once; it takes a minute and 300 MB`)
  const draft = `${ROOT}.${process.pid}`
  const held = hold({ kind: 'path', path: draft })
  await mkdir(draft, { recursive: true })
  const flags = ['--variant=minbase', '--include=rabbitmq-server', 'trixie', draft]
  await runOrFail('unshare', ['--mount', debootstrap, ...flags], {
    what: 'debootstrap',
    cwd: '/',
    deadlineMs: 600_000,
  })
  await rm(join(draft, 'var/cache/apt'), { recursive: true, force: true })
  // Another run may have been faster.
  await rename(draft, ROOT).catch(() => rm(draft, { recursive: true, force: true }))
  held.letGo()
}
