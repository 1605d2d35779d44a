import { allocation } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { testPasswords } from '@posthorn/rabbitmq/testing'
import postgres from 'postgres'
import { observedSystem } from '../../running-system/observed-system.ts'
import type { RunningSystem } from '../../running-system/running-system.ts'
import type { ServiceOptions, ServiceProcess } from '../../running-system/service-process.ts'
import { startE2eSystem } from '../e2e-system.ts'
import { deadLetters } from './dead-letters.ts'
import { type NotificationLog, notificationLog } from './notification-log.ts'
import { type Tap, tap } from './tap.ts'

/** The running system, its two clients, and what is seen of it. */
export interface ObservedSystem {
  readonly running: RunningSystem
  readonly warehouse: RabbitMqExternalBus<'warehouse'>
  readonly storefront: RabbitMqExternalBus<'storefront'>
  readonly tap: Tap
  readonly notifications: NotificationLog
  /** The notifications service's database. */
  readonly notificationsSql: postgres.Sql
  /** What lies first in each dead queue that is not empty. */
  deadLetters(): Promise<readonly string[]>
  stop(): Promise<void>
}

export async function startObservedSystem(
  start?: (options: ServiceOptions) => ServiceProcess,
): Promise<ObservedSystem> {
  const managementUrl = String(process.env.POSTHORN_TEST_MANAGEMENT_URL)
  const users = [...observedSystem.domains.keys(), ...observedSystem.clients]
  const running = await startE2eSystem({
    system: observedSystem,
    sharedUsers: testPasswords(managementUrl, users),
    env: { LOG_LEVEL: 'fatal' },
    ...(start === undefined ? {} : { start }),
  })
  const undo: (() => Promise<unknown>)[] = [() => running.stop()]
  const stop = async () => {
    const steps = undo.splice(0).reverse()
    const failures: unknown[] = []
    for (const step of steps) await step().catch((error) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  const client = async <const D extends string>(domain: D) => {
    const { namespace } = running.broker
    const url = running.broker.urlFor(domain)
    const bus = new RabbitMqExternalBus({ url, domain, system: observedSystem, namespace })
    bus.registerDomains(allocation.name)
    await bus.start()
    undo.push(() => bus.stop())
    return bus
  }
  try {
    const [warehouse, storefront] = [await client('warehouse'), await client('storefront')]
    const tapped = await tap(running.broker)
    undo.push(() => tapped.close())
    const notificationsSql = postgres(running.databases.url('notifications'), { max: 1 })
    undo.push(() => notificationsSql.end({ timeout: 5 }))
    return {
      running,
      warehouse,
      storefront,
      tap: tapped,
      notifications: notificationLog(running.notifications.url),
      notificationsSql,
      deadLetters: () =>
        deadLetters(planSystem(observedSystem, { namespace: running.broker.namespace }), managementUrl),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
