import { createLogger, runService, startTelemetry } from '@posthorn/chassis'
import { bootstrap } from './bootstrap.ts'
import { loadConfig } from './config.ts'

await runService('notifications', async () => {
  const config = loadConfig()
  const logger = createLogger('notifications', config.logLevel)
  const telemetry = await startTelemetry('notifications', config.openTelemetry, logger)
  return { logger, service: await bootstrap(config, { logger, telemetry }) }
})
