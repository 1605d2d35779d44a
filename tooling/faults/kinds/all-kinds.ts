import type { Fault } from '../fault.ts'
import { closeConnections } from './close-connections.ts'
import { deleteExchange } from './delete-exchange.ts'
import { deleteQueue } from './delete-queue.ts'
import { diskAlarm } from './disk-alarm.ts'
import { killBackend, terminateBackends } from './end-backends.ts'
import { postgresEndings } from './end-postgres.ts'
import { fillDisk } from './fill-disk.ts'
import { freezeBroker } from './freeze-broker.ts'
import { freezeInstance } from './freeze-instance.ts'
import { killBroker } from './kill-broker.ts'
import { killInstance } from './kill-instance.ts'
import { mailRefused, mailServerAway } from './mail-trouble.ts'
import { memoryAlarm } from './memory-alarm.ts'
import { networkFaults } from './network.ts'
import { stopInstance } from './stop-instance.ts'

export const allKinds: readonly Fault[] = [
  ...(['allocation', 'notifications'] as const).flatMap((service) => [
    killInstance(service),
    stopInstance(service),
    freezeInstance(service),
  ]),
  killBroker,
  freezeBroker,
  closeConnections,
  deleteExchange,
  deleteQueue,
  memoryAlarm,
  diskAlarm,
  terminateBackends,
  killBackend,
  ...postgresEndings,
  fillDisk,
  ...networkFaults,
  mailRefused,
  mailServerAway,
]
