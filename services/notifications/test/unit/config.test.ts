import { environmentBehaviour } from '../../../../tooling/fixtures/bad-input/environment-behaviour.ts'
import { loadConfig } from '../../src/config.ts'

environmentBehaviour(
  loadConfig,
  {
    DATABASE_URL: 'postgresql://user@localhost/notifications?host=/var/run/postgresql',
    POSTHORN_AMQP_URL: 'amqp://notifications:pass@localhost',
    POSTHORN_NAMESPACE: 'demo-1',
    HOST: 'localhost',
    LOG_LEVEL: 'silent',
    OUTBOX_CAP: '1000000000',
    STOP_SECONDS: '5',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    OTEL_SDK_DISABLED: 'true',
    NOTIFICATIONS_PORT: '65535',
    SMTP_URL: 'smtps://user:p%23ss@mail.example.com:465',
    MAIL_FROM: 'stock@example.com',
  },
  ['DATABASE_URL', 'POSTHORN_AMQP_URL', 'SMTP_URL'],
)
