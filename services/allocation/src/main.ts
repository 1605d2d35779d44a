import { createLogger, runService } from '@posthorn/chassis'
import { bootstrap } from './bootstrap.ts'
import { loadConfig } from './config.ts'

await runService('allocation', async () => {
  const config = loadConfig()
  const logger = createLogger('allocation', config.logLevel)
  return { logger, service: await bootstrap(config, { logger }) }
})
