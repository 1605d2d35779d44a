import { randomUUID } from 'node:crypto'
import { createLogger, type Service, type Storage } from '@posthorn/chassis'
import { system } from '@posthorn/contracts'
import { planSystem } from '@posthorn/core'
import { InMemoryBroker, inMemoryExternalBus } from '@posthorn/core/in-memory'
import { bootstrap } from '../../src/bootstrap.ts'
import type { Config } from '../../src/config.ts'
import type { Repositories } from '../../src/service-layer/unit.ts'

const config: Config = {
  database: { url: 'postgres://not-used' },
  broker: { url: 'amqp://not-used' },
  namespace: undefined,
  host: '127.0.0.1',
  port: 0,
  logLevel: 'silent',
  outboxCap: 1_000,
  stopDeadline: 25_000,
  openTelemetry: { disabled: true, endpoint: undefined },
}

export interface RunningAllocation {
  readonly service: Service
  readonly storage: Storage<Repositories, 'allocation'>
  readonly broker: InMemoryBroker
}

/** The service as `main` runs it, on the storage given and a broker in this process. */
export async function startAllocation(
  storage: Storage<Repositories, 'allocation'>,
  changes: Partial<Config> = {},
  logger: ReturnType<typeof createLogger> = createLogger('allocation', process.env.LOG_LEVEL ?? 'silent'),
): Promise<RunningAllocation> {
  const broker = new InMemoryBroker({ plan: planSystem(system) })
  const externalBus = inMemoryExternalBus({ domain: 'allocation', system, broker })
  const service = await bootstrap({ ...config, ...changes }, { storage, externalBus, logger })
  await service.start()
  return { service, storage, broker }
}

export const fresh = (what: string) => `${what}-${randomUUID().slice(0, 13)}`
