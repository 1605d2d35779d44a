import type { Fault } from '../fault.ts'
import { needsOwnServers } from './own-servers.ts'

/** Postgres is shut down at once, as by a crash, and recovers. */
export const restartPostgres: Fault = {
  name: 'Postgres crashed',
  lane: 'postgres',
  lasts: [100, 4_000],
  impossible: needsOwnServers,
  inject: async ({ own }) => {
    await own?.postgres.crash()
    return async () => own?.postgres.start()
  },
}
