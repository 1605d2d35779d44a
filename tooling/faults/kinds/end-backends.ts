import postgres, { type Sql } from 'postgres'
import { type Fault, healsByItself, NotInjected } from '../fault.ts'
import type { Random } from '../random.ts'
import type { World } from '../world.ts'
import { needsOwnServers } from './own-servers.ts'

/** Does something to the processes behind one service's sessions. */
async function toBackends(
  { databases, victims }: World,
  random: Random,
  act: (pids: readonly number[], sql: Sql) => Promise<void>,
): Promise<void> {
  const service = random.pick(victims)
  const sql = postgres(databases.url(service), { max: 1, fetch_types: false, onnotice: () => undefined })
  try {
    const sessions = await sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where datname = current_database() and application_name = ${service} order by backend_start`
    await act(
      sessions.map(({ pid }) => pid),
      sql,
    )
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Postgres ends some or all of one service's sessions, whatever they are at. */
export const terminateBackends: Fault = {
  name: 'Postgres sessions terminated',
  lane: 'postgres',
  lasts: [200, 1_500],
  inject: async (world, random) => {
    const share = random.pick([0.3, 0.6, 1])
    await toBackends(world, random, async (pids, sql) => {
      for (const pid of pids.filter(() => random.chance(share)))
        await sql`select pg_terminate_backend(${pid})`
    })
    return healsByItself
  },
}

/** SIGKILL of the process behind one session: Postgres ends all others too, and recovers. */
export const killBackend: Fault = {
  name: 'Postgres backend killed',
  lane: 'postgres',
  lasts: [100, 1_000],
  impossible: needsOwnServers,
  inject: async (world, random) => {
    await toBackends(world, random, async (pids) => {
      if (pids.length === 0) throw new NotInjected('nobody is connected')
      process.kill(random.pick(pids), 'SIGKILL')
    })
    return async () => world.own?.postgres.start()
  },
}
