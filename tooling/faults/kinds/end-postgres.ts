import type { Fault } from '../fault.ts'
import type { PostgresNode } from '../servers/postgres-node.ts'
import { needsOwnServers } from './own-servers.ts'

/** Postgres ends, and is started again on its data. */
function endPostgres(name: string, signal: Parameters<PostgresNode['end']>[0]): Fault {
  return {
    name,
    lane: 'postgres',
    lasts: [100, 4_000],
    impossible: needsOwnServers,
    inject: async ({ own }) => {
      await own?.postgres.end(signal)
      return async () => own?.postgres.start()
    },
  }
}

export const postgresEndings: readonly Fault[] = [
  endPostgres('Postgres restarted', 'SIGINT'),
  endPostgres('Postgres shut down at once', 'SIGQUIT'),
  endPostgres('Postgres killed', 'SIGKILL'),
]
