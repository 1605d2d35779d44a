import { portVariable, readEnvironment, serviceVariables, tlsOptions, urlVariable } from '@posthorn/chassis'
import { emailAddress } from '@posthorn/contracts'
import { z } from 'zod'

const variables = z.object({
  ...serviceVariables,
  NOTIFICATIONS_PORT: portVariable(3002),
  SMTP_URL: urlVariable('smtp', 'smtps'),
  MAIL_FROM: emailAddress.default('allocations@example.com'),
})

/** What the environment decides. @throws {ConfigurationError} naming each variable at fault */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env) {
  const given = readEnvironment(variables, environment)
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
    port: given.NOTIFICATIONS_PORT,
    logLevel: given.LOG_LEVEL,
    outboxCap: given.OUTBOX_CAP,
    stopDeadline: given.STOP_SECONDS * 1_000,
    openTelemetry: {
      disabled: given.OTEL_SDK_DISABLED === 'true',
      endpoint: given.OTEL_EXPORTER_OTLP_ENDPOINT,
    },
    smtpUrl: given.SMTP_URL,
    mailFrom: given.MAIL_FROM,
  }
}

export type Config = ReturnType<typeof loadConfig>
