import { system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { freePort } from '@posthorn/tooling/dist/running-system/free-port.js'
import { provisionBroker } from '@posthorn/tooling/dist/running-system/provisioned-broker.js'
import { type ServiceProcess, startService } from '@posthorn/tooling/dist/running-system/service-process.js'
import { migrate, migrateFolder, postgresDriver } from '@posthorn/uow-drizzle'
import type { Servers } from './contender.ts'

const migrations = new URL('../../../services/allocation/migrations/', import.meta.url)

/** Makes the tables that the allocation service makes when it starts. */
export async function createAllocationTables({ databaseUrl }: Servers): Promise<void> {
  await using driver = postgresDriver(databaseUrl, { max: 1 })
  await migrate(driver)
  await migrateFolder(driver, migrations, 'allocation_migrations')
}

/** Has the broker's administrator make what the services may use. */
export async function provisionAllocation({ name, amqpUrl, managementUrl }: Servers) {
  const { users } = planSystem(system)
  // All contenders' services log in to one broker as the same users.
  const sharedUsers = Object.fromEntries(users.map((user) => [user, 'benchmark']))
  return provisionBroker({ amqpUrl, managementUrl, namespace: name, sharedUsers })
}

/** The service as it is, but for its addresses, as a process of its own. */
export function startAllocation(
  { name, databaseUrl }: Servers,
  brokerUrl: string,
  port: number,
): ServiceProcess {
  const env = {
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    POSTHORN_AMQP_URL: brokerUrl,
    POSTHORN_NAMESPACE: name,
    ALLOCATION_PORT: String(port),
  }
  return startService({ name: 'allocation', port, env })
}

/** The service, provisioned and ready, its broker reached. */
export async function readyAllocation(servers: Servers): Promise<ServiceProcess> {
  const broker = await provisionAllocation(servers)
  const service = startAllocation(servers, broker.urlFor('allocation'), await freePort())
  await service.ready()
  return service
}
