import { createLogger, runService } from '@posthorn/chassis'
import { bootstrap } from './bootstrap.ts'
import { loadConfig } from './config.ts'

await runService('notifications', async () => {
  const config = loadConfig()
  const logger = createLogger('notifications', config.logLevel)
  return { logger, service: await bootstrap(config, { logger }) }
})
