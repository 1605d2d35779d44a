import {
  createLogger,
  createService,
  type Service,
  type ServiceTelemetry,
  type Storage,
} from '@posthorn/chassis'
import { allocation, notifications, system } from '@posthorn/contracts'
import { type Clock, type ExternalBus, logging, type Middleware } from '@posthorn/core'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { postgresStorage } from './adapters/postgres-storage.ts'
import { allocationBus } from './allocation-bus.ts'
import type { Config } from './config.ts'
import { statuses } from './entrypoints/error-mapping.ts'
import { allocationRoutes } from './entrypoints/routes/allocations.ts'
import { batchRoutes } from './entrypoints/routes/batches.ts'
import { productRoutes } from './entrypoints/routes/products.ts'
import type { Repositories } from './service-layer/unit.ts'

/** What else to use in place of Postgres, RabbitMQ, standard output and the process's clock. */
export interface Overrides {
  readonly storage?: Storage<Repositories, 'allocation'>
  readonly externalBus?: ExternalBus<'allocation'>
  readonly logger?: ReturnType<typeof createLogger>
  readonly clock?: Clock
  readonly telemetry?: ServiceTelemetry | undefined
  /** Around every handler, inside the logging. */
  readonly middleware?: readonly Middleware[]
}

export async function bootstrap(config: Config, overrides: Overrides = {}): Promise<Service> {
  const {
    logger = createLogger(allocation.name, config.logLevel),
    telemetry,
    middleware = [],
    storage = postgresStorage(config.database, telemetry?.telemetry),
    externalBus = new RabbitMqExternalBus({
      ...config.broker,
      domain: allocation.name,
      system,
      telemetry: telemetry?.telemetry,
      onError: ({ error: err, ...facts }) => logger.warn({ err, ...facts }, 'a delivery did not end well'),
      ...(config.namespace === undefined ? {} : { namespace: config.namespace }),
    }),
  } = overrides
  const bus = allocationBus({
    storage,
    middleware: [logging(logger), ...middleware],
    telemetry: telemetry?.telemetry,
    onError: (err, handler) => logger.error({ err, handler }, 'a follow-up failed; it stays in the outbox'),
    ...(overrides.clock === undefined ? {} : { clock: overrides.clock }),
  })
  externalBus.registerDomains(notifications.name)
  return createService({
    ...config,
    title: 'Allocation',
    description: 'Allocates lines of orders to batches of stock.',
    logger,
    statuses,
    routes: [
      batchRoutes(bus, storage.units),
      allocationRoutes(bus, storage.units),
      productRoutes(storage.units),
    ],
    storage,
    bus,
    externalBus,
    clock: overrides.clock,
    telemetry,
  })
}
