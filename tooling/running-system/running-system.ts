import type { System } from '@posthorn/core'
import { createDatabases, type Databases } from './databases.ts'
import { freePort } from './free-port.ts'
import { type MailCatcher, startMailCatcher } from './mail-catcher.ts'
import { type ProvisionedBroker, provisionBroker } from './provisioned-broker.ts'
import { type ServiceOptions, type ServiceProcess, startService } from './service-process.ts'

/** Both services as processes over a real broker, database and mail server, all made for this run. */
export interface RunningSystem {
  readonly broker: ProvisionedBroker
  readonly databases: Databases
  readonly mail: MailCatcher
  readonly allocation: ServiceProcess
  readonly notifications: ServiceProcess
  /** Starts a service again, on the same port and store, after it has ended. */
  restart(name: ServiceName, script?: string): Promise<ServiceProcess>
  /** Starts one more instance of a service, on a port of its own, without waiting until it is ready. */
  another(name: ServiceName, env?: Readonly<Record<string, string>>): Promise<ServiceProcess>
  stop(): Promise<void>
}

export type ServiceName = 'allocation' | 'notifications'

export interface SystemOptions {
  readonly amqpUrl: string
  readonly managementUrl: string
  readonly databaseUrl: string
  /** The contracts to provision for. Default: those of the services. */
  readonly system?: System
  /** Starts a service. Default: as a process of its own, from its built code. */
  readonly start?: (options: ServiceOptions) => ServiceProcess
  /** Tells this run's databases and vhosts from others'. Absent: the vhosts are called as the domains. */
  readonly namespace?: string
  readonly sharedUsers?: Readonly<Record<string, string>>
  readonly ports?: Readonly<Record<ServiceName, number>>
  /** Another script to run in place of a service's own. */
  readonly scripts?: Partial<Readonly<Record<ServiceName, string>>>
  readonly env?: Readonly<Record<string, string>>
}

export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  const { start = startService } = options
  const undo: (() => Promise<unknown>)[] = []
  /** Takes every step, whatever becomes of the others, and throws what went wrong first. */
  const stop = async () => {
    const failures: unknown[] = []
    for (const step of undo.splice(0).reverse()) await step().catch((error) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    const broker = await provisionBroker(options)
    undo.push(() => broker.remove())
    const prefix = `posthorn_${options.namespace ?? 'demo'}`
    const databases = await createDatabases(options.databaseUrl, prefix, ['allocation', 'notifications'])
    undo.push(() => databases.drop())
    const mail = await startMailCatcher()
    undo.push(() => mail.stop())

    const ports = options.ports ?? { allocation: await freePort(), notifications: await freePort() }
    const running = new Map<ServiceName, ServiceProcess>()
    const others: ServiceProcess[] = []
    const environmentOf = (name: ServiceName, port: number) => ({
      DATABASE_URL: databases.url(name),
      POSTHORN_AMQP_URL: broker.urlFor(name),
      ...(broker.namespace === '' ? {} : { POSTHORN_NAMESPACE: broker.namespace }),
      [`${name.toUpperCase()}_PORT`]: String(port),
      SMTP_URL: mail.url,
      ...options.env,
    })
    const launch = (name: ServiceName, script?: string) => {
      const port = ports[name]
      const env = environmentOf(name, port)
      const service = start({ name, port, env, ...(script === undefined ? {} : { script }) })
      running.set(name, service)
      return service
    }
    const current = (name: ServiceName) => running.get(name) as ServiceProcess
    undo.push(() => Promise.all([...running.values(), ...others].map((service) => service.stop())))
    launch('allocation', options.scripts?.allocation)
    launch('notifications', options.scripts?.notifications)
    await Promise.all([current('allocation').ready(), current('notifications').ready()])

    return {
      broker,
      databases,
      mail,
      get allocation() {
        return current('allocation')
      },
      get notifications() {
        return current('notifications')
      },
      restart: async (name, script) => {
        await current(name).exited
        const service = launch(name, script)
        await service.ready()
        return service
      },
      another: async (name, env = {}) => {
        const port = await freePort()
        const service = start({ name, port, env: { ...environmentOf(name, port), ...env } })
        others.push(service)
        return service
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
