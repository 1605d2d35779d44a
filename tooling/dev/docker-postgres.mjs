import { randomBytes } from 'node:crypto'
import { isPostgresReady } from './ask-postgres.mjs'
import { until } from './deadline.mjs'
import { dockerAnswers, startContainer } from './docker.mjs'
import { freePort } from './free-port.mjs'

/**
 * Starts a Postgres in a container, where a Docker engine answers.
 * @param {(line: string) => void} log
 * @returns {Promise<import('./provide-postgres.mjs').ProvidedPostgres | undefined>}
 */
export async function dockerPostgres(log) {
  if (!(await dockerAnswers())) return undefined
  const port = await freePort()
  const password = randomBytes(16).toString('hex')
  const container = {
    image: 'postgres:17',
    ports: { [port]: 5432 },
    environment: { POSTGRES_PASSWORD: password },
    command: ['-c', 'fsync=off', '-c', 'max_connections=300'],
  }
  const { end } = await startContainer(container, log)
  const ready = until(60_000, 'Postgres in Docker', () => isPostgresReady({ host: '127.0.0.1', port }))
  await ready.catch((error) => end().then(() => Promise.reject(error)))
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
  return { url, version: '17', source: 'Docker', stop: end }
}
