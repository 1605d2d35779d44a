import type { Fault } from '../fault.ts'
import { needsOwnServers } from './own-servers.ts'

/** The broker has no memory left, and takes nothing from anybody. */
export const memoryAlarm: Fault = {
  name: 'memory alarm',
  lane: 'broker',
  lasts: [1_000, 10_000],
  impossible: needsOwnServers,
  inject: async ({ own, management }) => {
    await own?.rabbitMq.call('vm_memory_monitor set_vm_memory_high_watermark [{absolute,1}]')
    await management.untilAlarmed(true)
    return async () => {
      await own?.rabbitMq.call('vm_memory_monitor set_vm_memory_high_watermark [{absolute,"1GB"}]')
      await management.untilAlarmed(false)
    }
  },
}
