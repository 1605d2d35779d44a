import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { planSystem } from '@posthorn/core'
import { applyPlan } from '@posthorn/rabbitmq'
import { createDatabases } from '../running-system/databases.ts'
import { eventually } from '../running-system/eventually.ts'
import { freePort } from '../running-system/free-port.ts'
import { observedSystem } from '../running-system/observed-system.ts'
import { provisionBroker } from '../running-system/provisioned-broker.ts'
import { Fleet, type InstanceOptions, type ServiceName } from './fleet.ts'
import { startMailServer } from './mail-server.ts'
import { Management } from './management.ts'
import { recordWatching } from './record-watching.ts'
import { startPostgresNode } from './servers/postgres-node.ts'
import { startRabbitMqNode } from './servers/rabbitmq-node.ts'
import { startTcpProxy } from './tcp-proxy.ts'
import type { World } from './world.ts'

/** In ms. RabbitMQ that is killed sooner loses a quorum queue for good, with all that it has confirmed. */
const SETTLING = 2_000

/** Servers that are there already. */
export interface GivenServers {
  readonly amqpUrl: string
  readonly managementUrl: string
  readonly databaseUrl: string
  /** Passwords of users that others on this broker use too. */
  readonly sharedUsers: Readonly<Record<string, string>>
}

export interface RunningWorld extends World {
  stop(): Promise<void>
}

/** Two instances of each service, each behind links of its own; on servers of its own unless some are given. */
export async function startWorld(victims: World['victims'], given?: GivenServers): Promise<RunningWorld> {
  const undo: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step().catch(() => undefined)
  }
  try {
    const own = given === undefined ? await startServers(undo) : undefined
    const { amqpUrl, managementUrl, databaseUrl } = given ?? {
      amqpUrl: String(own?.rabbitMq.amqpUrl),
      managementUrl: String(own?.rabbitMq.managementUrl),
      databaseUrl: String(own?.postgres.url),
    }
    const namespace = `faults-${randomBytes(4).toString('hex')}`
    const system = observedSystem
    const provisioned = await provisionBroker({
      amqpUrl,
      managementUrl,
      namespace,
      system,
      ...(given === undefined ? {} : { sharedUsers: given.sharedUsers }),
    })
    undo.push(() => provisioned.remove())
    const databases = await createDatabases(databaseUrl, `posthorn_${namespace}`, [
      'allocation',
      'notifications',
    ])
    undo.push(() => databases.drop())
    const mail = await startMailServer()
    undo.push(() => mail.close())

    const instances: InstanceOptions[] = []
    for (const service of ['allocation', 'notifications'] as const) {
      for (const n of [1, 2]) instances.push(await instanceOf(service, n))
    }
    async function instanceOf(service: ServiceName, n: number): Promise<InstanceOptions> {
      const links = {
        broker: await startTcpProxy(Number(new URL(amqpUrl).port)),
        postgres: await startTcpProxy(Number(new URL(databaseUrl).port)),
      }
      undo.push(() => Promise.all([links.broker.stop(), links.postgres.stop()]))
      const env = {
        DATABASE_URL: through(databases.url(service), links.postgres.port),
        POSTHORN_AMQP_URL: through(provisioned.urlFor(service), links.broker.port),
        POSTHORN_NAMESPACE: namespace,
        SMTP_URL: mail.url,
        LOG_LEVEL: 'error',
      }
      return { name: `${service}-${n}`, service, port: await freePort(), env, links }
    }
    const fleet = new Fleet(instances)
    undo.push(() => fleet.stop())
    await Promise.all(fleet.instances.map((instance) => instance.ready()))
    await recordWatching(databases)

    const plan = planSystem(system, { namespace })
    const topology = keepTopology(() =>
      applyPlan(plan, { managementUrl, passwords: provisioned.passwords, connectionsPerUser: 1_000 }),
    )
    return {
      fleet,
      victims,
      mail,
      provisioned,
      plan,
      management: new Management(managementUrl),
      databases,
      brokerUrl: amqpUrl,
      databaseUrl,
      own,
      ...topology,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function keepTopology(apply: () => Promise<void>): Pick<World, 'provision' | 'topologySettled'> {
  let declared = performance.now()
  return {
    provision: async () => {
      let why: unknown
      const applied = () =>
        apply().then(
          () => true,
          (error: unknown) => {
            why = error
          },
        )
      await eventually(
        async () => (await applied()) || undefined,
        () => `the plan: ${why}`,
        60_000,
      )
      declared = performance.now()
    },
    topologySettled: () => pause(Math.max(0, declared + SETTLING - performance.now())),
  }
}

async function startServers(undo: (() => Promise<unknown>)[]) {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-faults-'))
  undo.push(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const [rabbitMq, postgres] = await Promise.all([startRabbitMqNode(folder), startPostgresNode(folder)])
  undo.push(() => Promise.all([rabbitMq.stop(), postgres.stop()]))
  return { rabbitMq, postgres }
}

/** The same server by another way. */
function through(url: string, port: number): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = `${port}`
  return changed.href
}
