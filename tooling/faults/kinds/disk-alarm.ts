import type { Fault } from '../fault.ts'
import { needsOwnServers } from './own-servers.ts'

/** The broker has no disk left, and takes nothing from anybody. */
export const diskAlarm: Fault = {
  name: 'disk alarm',
  lane: 'broker',
  lasts: [1_000, 10_000],
  impossible: needsOwnServers,
  inject: async ({ own, management }) => {
    await own?.rabbitMq.call(`rabbit_disk_monitor set_disk_free_limit [${10 ** 15}]`)
    await management.untilAlarmed(true)
    return async () => {
      await own?.rabbitMq.call('rabbit_disk_monitor set_disk_free_limit ["50MB"]')
      await management.untilAlarmed(false)
    }
  },
}
