import { randomUUID } from 'node:crypto'
import { createLogger, type Service, type Storage } from '@posthorn/chassis'
import { allocation, system } from '@posthorn/contracts'
import type { ExternalBus, MessageOf } from '@posthorn/core'
import type { InMemoryStore } from '@posthorn/core/in-memory'
import { startRun, type TestRun } from '@posthorn/core/testing'
import { InMemoryMailer } from '../../src/adapters/in-memory-mailer.ts'
import { bootstrap } from '../../src/bootstrap.ts'
import type { Config } from '../../src/config.ts'
import type { Repositories } from '../../src/service-layer/unit.ts'

const { GetProduct } = allocation.commands

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
  smtpUrl: 'smtp://not-used',
  mailFrom: 'allocations@example.com',
}

/** Where the service keeps what it knows: the store of the run, or a real one. */
export type MakeStorage = (store?: InMemoryStore) => Promise<Storage<Repositories, 'notifications'>>

export interface RunningNotifications {
  readonly run: TestRun
  readonly service: Service
  readonly mailer: InMemoryMailer
  /** The other domain, played by the test. */
  readonly allocation: ExternalBus<'allocation'>
  stop(): Promise<void>
}

/** The service as `main` runs it, on the storage given, with the broker in this process, and the mail server unless given. */
export async function startNotifications(
  makeStorage: MakeStorage,
  smtpUrl?: string,
  logger: ReturnType<typeof createLogger> = createLogger('notifications', process.env.LOG_LEVEL ?? 'silent'),
): Promise<RunningNotifications> {
  const mailer = new InMemoryMailer()
  const run = await startRun({
    system,
    services: {
      notifications: async ({ store, externalBus, clock }) => {
        const storage = await makeStorage(store)
        const service = await bootstrap(smtpUrl === undefined ? config : { ...config, smtpUrl }, {
          ...(smtpUrl === undefined ? { mailer } : {}),
          storage,
          externalBus,
          logger,
          clock,
        })
        return { ...service, outbox: storage.outbox }
      },
    },
  })
  run.answer(GetProduct, tellStock)
  const { notifications: service } = run.services
  return { run, service, mailer, allocation: run.as('allocation'), stop: () => run.stop() }
}

/** How allocation answers, unless a test wants it otherwise. */
export function tellStock({ payload: { sku } }: MessageOf<typeof GetProduct>) {
  return {
    sku,
    version: 1,
    batches: [
      { ref: 'batch-1', eta: null, purchasedQty: 10, availableQty: 2 },
      { ref: 'batch-2', eta: '2030-01-01', purchasedQty: 10, availableQty: 1 },
    ],
    waiting: [],
  }
}

export const fresh = (what: string) => `${what}-${randomUUID().slice(0, 13)}`
export const someone = () => `${fresh('someone')}@example.com`
