import { randomUUID } from 'node:crypto'
import { createLogger, type Service, type Storage } from '@posthorn/chassis'
import { system } from '@posthorn/contracts'
import type { InMemoryStore } from '@posthorn/core/in-memory'
import { startRun, type TestRun } from '@posthorn/core/testing'
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

/** Where the service keeps what it knows: the store of the run, or a real one. */
export type MakeStorage = (store?: InMemoryStore) => Promise<Storage<Repositories, 'allocation'>>

export interface RunningAllocation {
  readonly run: TestRun
  readonly service: Service
  readonly storage: Storage<Repositories, 'allocation'>
  stop(): Promise<void>
}

/** The service as `main` runs it, on the storage given and a broker in this process, where the test plays all others. */
export async function startAllocation(
  makeStorage: MakeStorage,
  logger: ReturnType<typeof createLogger> = createLogger('allocation', process.env.LOG_LEVEL ?? 'silent'),
): Promise<RunningAllocation> {
  const run = await startRun({
    system,
    services: {
      allocation: async ({ store, externalBus, clock }) => {
        const storage = await makeStorage(store)
        const service = await bootstrap(config, { storage, externalBus, logger, clock })
        return { ...service, storage, outbox: storage.outbox }
      },
    },
  })
  const { storage, ...service } = run.services.allocation
  return { run, service, storage, stop: () => run.stop() }
}

export const fresh = (what: string) => `${what}-${randomUUID().slice(0, 13)}`
