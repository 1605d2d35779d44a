import { environmentBehaviour } from '../../../../tooling/fixtures/bad-input/environment-behaviour.ts'
import { loadConfig } from '../../src/config.ts'

environmentBehaviour(
  loadConfig,
  {
    DATABASE_URL: 'postgres://user:p%40ss@localhost:5432/allocation',
    POSTHORN_AMQP_URL: 'amqps://allocation:pass@localhost',
    POSTHORN_NAMESPACE: 'demo-1',
    HOST: '::1',
    LOG_LEVEL: 'debug',
    OUTBOX_CAP: '5',
    STOP_SECONDS: '5',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
    OTEL_SDK_DISABLED: 'true',
    ALLOCATION_PORT: '0',
  },
  ['DATABASE_URL', 'POSTHORN_AMQP_URL'],
)
