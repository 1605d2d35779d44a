import {
  createLogger,
  createService,
  type Service,
  type ServiceTelemetry,
  type Storage,
} from '@posthorn/chassis'
import { allocation, notifications, system } from '@posthorn/contracts'
import { type Clock, type ExternalBus, logging } from '@posthorn/core'
import { RabbitMqExternalBus } from '@posthorn/rabbitmq'
import { postgresStorage } from './adapters/postgres-storage.ts'
import { smtpMailer } from './adapters/smtp-mailer.ts'
import type { Config } from './config.ts'
import { notificationRoutes } from './entrypoints/routes/notifications.ts'
import { notificationsBus } from './notifications-bus.ts'
import type { Mailer } from './service-layer/mailer.ts'
import type { Repositories } from './service-layer/unit.ts'

/** What else to use in place of Postgres, RabbitMQ, SMTP, standard output and the process's clock. */
export interface Overrides {
  readonly storage?: Storage<Repositories, 'notifications'>
  readonly externalBus?: ExternalBus<'notifications'>
  readonly mailer?: Mailer
  readonly logger?: ReturnType<typeof createLogger>
  readonly clock?: Clock
  readonly telemetry?: ServiceTelemetry | undefined
}

export async function bootstrap(config: Config, overrides: Overrides = {}): Promise<Service> {
  const {
    logger = createLogger(notifications.name, config.logLevel),
    telemetry,
    storage = postgresStorage(config.database, telemetry?.telemetry),
    mailer = smtpMailer(config.smtpUrl, config.mailFrom),
    externalBus = new RabbitMqExternalBus({
      ...config.broker,
      domain: notifications.name,
      system,
      telemetry: telemetry?.telemetry,
      onError: ({ error: err, ...facts }) => logger.warn({ err, ...facts }, 'a delivery did not end well'),
      ...(config.namespace === undefined ? {} : { namespace: config.namespace }),
    }),
  } = overrides
  const bus = notificationsBus({
    storage,
    dependencies: { mailer, externalBus },
    middleware: [logging(logger)],
    telemetry: telemetry?.telemetry,
    onError: (err, handler) => logger.error({ err, handler }, 'a follow-up failed; it stays in the outbox'),
    ...(overrides.clock === undefined ? {} : { clock: overrides.clock }),
  })
  externalBus.registerDomains(allocation.name)
  return createService({
    ...config,
    title: 'Notifications',
    description: 'Tells people by mail what happened to their orders.',
    logger,
    statuses: {},
    routes: [notificationRoutes(storage.units)],
    storage,
    bus,
    externalBus,
    clock: overrides.clock,
    telemetry,
  })
}
