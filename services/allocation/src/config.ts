import { portVariable, readEnvironment, serviceVariables, tlsOptions } from '@posthorn/chassis'
import { z } from 'zod'

const variables = z.object({ ...serviceVariables, ALLOCATION_PORT: portVariable(3001) })

/** What the environment decides. @throws {ConfigurationError} naming each variable at fault */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env) {
  const { ALLOCATION_PORT, ...given } = readEnvironment(variables, environment)
  return {
    database: {
      url: given.DATABASE_URL,
      ...tlsOptions('DATABASE', given),
    },
    broker: {
      url: given.POSTHORN_AMQP_URL,
      ...tlsOptions('POSTHORN_AMQP', given),
    },
    namespace: given.POSTHORN_NAMESPACE,
    host: given.HOST,
    port: ALLOCATION_PORT,
    logLevel: given.LOG_LEVEL,
    outboxCap: given.OUTBOX_CAP,
    stopDeadline: given.STOP_SECONDS * 1_000,
    openTelemetry: {
      disabled: given.OTEL_SDK_DISABLED === 'true',
      endpoint: given.OTEL_EXPORTER_OTLP_ENDPOINT,
    },
  }
}

export type Config = ReturnType<typeof loadConfig>
