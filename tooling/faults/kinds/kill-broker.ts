import type { Fault } from '../fault.ts'
import { needsOwnServers } from './own-servers.ts'

/** SIGKILL of the broker, which starts again on its data. */
export const killBroker: Fault = {
  name: 'broker killed',
  lane: 'broker',
  lasts: [500, 4_000],
  impossible: needsOwnServers,
  inject: async ({ own, topologySettled }) => {
    await topologySettled()
    await own?.rabbitMq.kill()
    return async () => own?.rabbitMq.start()
  },
}
