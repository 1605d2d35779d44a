import type { Fault } from '../fault.ts'
import { needsOwnServers } from './own-servers.ts'

/** The broker says nothing more, now and then for longer than its clients have patience. */
export const freezeBroker: Fault = {
  name: 'broker frozen',
  lane: 'broker',
  lasts: [1_000, 20_000],
  impossible: needsOwnServers,
  inject: async ({ own }) => {
    own?.rabbitMq.signal('SIGSTOP')
    return async () => {
      own?.rabbitMq.signal('SIGCONT')
      await own?.rabbitMq.start()
    }
  },
}
