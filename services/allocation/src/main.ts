import { createLogger, runService, startTelemetry } from '@posthorn/chassis'
import { bootstrap } from './bootstrap.ts'
import { loadConfig } from './config.ts'
import { rebuildAllocations } from './rebuild-allocations.ts'

if (process.argv[2] === 'rebuild-allocations') {
  process.stdout.write(`${await rebuildAllocations()} lines\n`)
} else {
  await runService('allocation', async () => {
    const config = loadConfig()
    const logger = createLogger('allocation', config.logLevel)
    const telemetry = await startTelemetry('allocation', config.openTelemetry, logger)
    return { logger, service: await bootstrap(config, { logger, telemetry }) }
  })
}
