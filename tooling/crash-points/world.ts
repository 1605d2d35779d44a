import { randomBytes } from 'node:crypto'
import { planSystem } from '@posthorn/core'
import type { SystemPlan } from '@posthorn/core/transport'
import { applyPlan, RabbitMqExternalBus, removePlan } from '@posthorn/rabbitmq'
import { migrate, postgresDriver } from '@posthorn/uow-drizzle'
import postgres, { type Sql } from 'postgres'
import { Management } from '../faults/management.ts'
import { brokerUrlFor } from '../running-system/broker-url.ts'
import { createDatabases } from '../running-system/databases.ts'
import { system } from './system.ts'
import { TABLES } from './worker/effects.ts'
import type { WorkerOrders } from './worker/worker-process.ts'

/** Servers that are there already, as their administrator sees them. */
export interface Servers {
  readonly amqpUrl: string
  readonly managementUrl: string
  readonly databaseUrl: string
  /** Of the system's users, whom all worlds on a broker have in common. */
  readonly passwords: Readonly<Record<string, string>>
}

/** Vhosts and databases of its own, in which workers live and die, and the client that outlives them. */
export interface World {
  readonly plan: SystemPlan
  readonly orders: Omit<WorkerOrders, 'label' | 'nth' | 'roles' | 'poll'>
  readonly desk: Sql
  readonly books: Sql
  readonly management: Management
  readonly till: RabbitMqExternalBus<'till'>
  stop(): Promise<void>
}

export async function startWorld(servers: Servers, ordered: boolean): Promise<World> {
  const { amqpUrl, managementUrl, databaseUrl, passwords } = servers
  const undo: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const namespace = `crash-${randomBytes(4).toString('hex')}`
    const plan = planSystem(system, { namespace, ordered: ordered ? ['books'] : [] })
    undo.push(() => removePlan(plan, { managementUrl, keepUsers: true }))
    await applyPlan(plan, { managementUrl, passwords, connectionsPerUser: 1_000 })
    const databases = await createDatabases(databaseUrl, `posthorn_${namespace}`, ['desk', 'books'])
    undo.push(() => databases.drop())
    const [desk, books] = [await openStore(databases.url('desk')), await openStore(databases.url('books'))]
    undo.push(() => Promise.all([desk.end({ timeout: 1 }), books.end({ timeout: 1 })]))

    const urlFor = (user: string) => brokerUrlFor(amqpUrl, user, passwords)
    const till = new RabbitMqExternalBus({ url: urlFor('till'), domain: 'till', system, namespace })
    till.registerDomains('desk')
    await till.start()
    undo.push(() => till.stop({ deadline: 1_000 }))
    return {
      plan,
      orders: {
        deskUrl: databases.url('desk'),
        booksUrl: databases.url('books'),
        amqpUrls: { desk: urlFor('desk'), books: urlFor('books'), kiosk: urlFor('kiosk') },
        namespace,
        ordered,
      },
      desk,
      books,
      management: new Management(managementUrl),
      till,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function openStore(url: string): Promise<Sql> {
  await using driver = postgresDriver(url, { max: 1 })
  await migrate(driver)
  const sql = postgres(url, { max: 2, fetch_types: false, onnotice: () => undefined })
  await sql.unsafe(TABLES)
  return sql
}
