import { randomUUID } from 'node:crypto'
import { createLogger, type Service, type Storage } from '@posthorn/chassis'
import { allocation, system } from '@posthorn/contracts'
import { type ExternalBus, type MessageOf, planSystem } from '@posthorn/core'
import { InMemoryBroker, inMemoryExternalBus } from '@posthorn/core/in-memory'
import { InMemoryMailer } from '../../src/adapters/in-memory-mailer.ts'
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
  smtpUrl: 'smtp://not-used',
  mailFrom: 'allocations@example.com',
}

type Answer = (question: MessageOf<typeof allocation.commands.GetProduct>) => Promise<{
  sku: string
  version: number
  batches: { ref: string; eta: string | null; purchasedQty: number; availableQty: number }[]
  waiting: { orderId: string; qty: number }[]
}>

export interface RunningNotifications {
  readonly service: Service
  readonly mailer: InMemoryMailer
  /** The other domain, played by the test. */
  readonly allocation: ExternalBus<'allocation'>
  /** How allocation answers `GetProduct`. */
  answer: Answer
}

/** The service as `main` runs it, on the storage given, with the broker in this process, and the mail server unless given. */
export async function startNotifications(
  storage: Storage<Repositories, 'notifications'>,
  smtpUrl?: string,
  logger: ReturnType<typeof createLogger> = createLogger('notifications', process.env.LOG_LEVEL ?? 'silent'),
): Promise<RunningNotifications> {
  const broker = new InMemoryBroker({ plan: planSystem(system) })
  const asAllocation = inMemoryExternalBus({ domain: 'allocation', system, broker, onError: () => undefined })
  const mailer = new InMemoryMailer()
  const service = await bootstrap(smtpUrl === undefined ? config : { ...config, smtpUrl }, {
    storage,
    ...(smtpUrl === undefined ? { mailer } : {}),
    externalBus: inMemoryExternalBus({ domain: 'notifications', system, broker }),
    logger,
  })
  const running: RunningNotifications = {
    service,
    mailer,
    allocation: asAllocation,
    answer: async ({ payload: { sku } }) => ({
      sku,
      version: 1,
      batches: [
        { ref: 'batch-1', eta: null, purchasedQty: 10, availableQty: 2 },
        { ref: 'batch-2', eta: '2030-01-01', purchasedQty: 10, availableQty: 1 },
      ],
      waiting: [],
    }),
  }
  asAllocation.registerCommandHandler(allocation.commands.GetProduct, (question) => running.answer(question))
  asAllocation.registerDomains('notifications')
  await asAllocation.start()
  await service.start()
  return running
}

export const fresh = (what: string) => `${what}-${randomUUID().slice(0, 13)}`
export const someone = () => `${fresh('someone')}@example.com`
