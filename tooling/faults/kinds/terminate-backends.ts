import postgres from 'postgres'
import { type Fault, healsByItself } from '../fault.ts'

/** Postgres ends some or all of one service's sessions, whatever they are at. */
export const terminateBackends: Fault = {
  name: 'Postgres sessions terminated',
  lane: 'postgres',
  lasts: [200, 1_500],
  inject: async ({ databases, victims }, random) => {
    const service = random.pick(victims)
    const share = random.pick([0.3, 0.6, 1])
    const sql = postgres(databases.url(service), { max: 1, fetch_types: false, onnotice: () => undefined })
    try {
      const sessions = await sql<{ pid: number }[]>`
        select pid from pg_stat_activity
        where datname = current_database() and application_name = ${service} order by backend_start`
      for (const { pid } of sessions.filter(() => random.chance(share))) {
        await sql`select pg_terminate_backend(${pid})`
      }
    } finally {
      await sql.end({ timeout: 5 })
    }
    return healsByItself
  },
}
