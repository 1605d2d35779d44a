import type { Logger } from 'pino'
import type { Service } from './service.ts'
import { withoutSecrets } from './without-secrets.ts'

const LONGEST_STOP = 30_000

/**
 * Runs a service until SIGTERM or SIGINT. The process ends with 0 when it stopped in good order, with 1 when it could
 * not start or left something undone.
 */
export async function runService(
  name: string,
  make: () => Promise<{ service: Service; logger: Logger }>,
): Promise<void> {
  let stopping = false
  try {
    const { service, logger } = await make()
    const stop = async (signal: string) => {
      stopping = true
      logger.info({ signal }, 'stopping')
      setTimeout(() => process.exit(1), LONGEST_STOP).unref()
      const abandoned = await service.stop()
      if (abandoned.length > 0) logger.error({ abandoned }, 'stopped before these had ended')
      else logger.info('stopped')
      process.exit(abandoned.length > 0 ? 1 : 0)
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        stop(signal).catch((error) => fail(name, error))
      })
    }
    const address = await service.start()
    logger.info({ address }, 'listening')
  } catch (error) {
    // A start that a stop has overtaken may fail.
    if (!stopping) fail(name, error)
  }
}

function fail(name: string, error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${name}: ${withoutSecrets(reason).split('\n', 1)[0]}\n`)
  process.exit(1)
}
