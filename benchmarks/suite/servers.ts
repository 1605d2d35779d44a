import postgres from 'postgres'
import type { Servers } from './contender.ts'

/** What the private broker and database of a run are reached by; all as an administrator. */
const { BENCHMARK_AMQP_URL, BENCHMARK_MANAGEMENT_URL, BENCHMARK_DATABASE_URL } = process.env

export interface BenchmarkServers {
  readonly versions: { readonly rabbitmq: string; readonly postgres: string }
  /** A vhost and a database of its own for each contender; they go with the servers. */
  provide(name: string): Promise<Servers>
  end(): Promise<void>
}

export async function benchmarkServers(): Promise<BenchmarkServers> {
  const amqp = new URL(given('BENCHMARK_AMQP_URL', BENCHMARK_AMQP_URL))
  const management = given('BENCHMARK_MANAGEMENT_URL', BENCHMARK_MANAGEMENT_URL)
  const database = new URL(given('BENCHMARK_DATABASE_URL', BENCHMARK_DATABASE_URL))
  const sql = postgres(database.href, { max: 1, onnotice: () => undefined })
  const { username, password } = amqp
  const authorization = `Basic ${btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)}`
  const ask = async (method: string, path: string, body?: object) => {
    const address = new URL(`/api/${path}`, management)
    address.username = ''
    address.password = ''
    const answer = await fetch(address, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
  const { rabbitmq_version: rabbitmq } = (await (await ask('GET', 'overview')).json()) as {
    rabbitmq_version: string
  }
  const [server] = await sql`show server_version`
  return {
    versions: { rabbitmq, postgres: String(server?.server_version).split(' ')[0] ?? '' },
    async provide(name) {
      await ask('PUT', `vhosts/${name}`)
      const everything = { configure: '.*', write: '.*', read: '.*' }
      await ask('PUT', `permissions/${name}/${username}`, everything)
      await sql.unsafe(`create database "${name}"`)
      return {
        name,
        amqpUrl: withPath(amqp, name),
        managementUrl: management,
        databaseUrl: withPath(database, name),
      }
    },
    end: () => sql.end(),
  }
}

function given(name: string, value: string | undefined): string {
  if (value === undefined) throw new Error(`${name} is missing; npm run bench sets it`)
  return value
}

function withPath(url: URL, path: string): string {
  const other = new URL(url)
  other.pathname = `/${path}`
  return other.href
}
