import type { Logger } from 'pino'
import type { Service } from './service.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Whoever passes on a Ctrl-C that the terminal has sent to all sends it twice: within so many ms it is one. */
const ECHO = 1_000

/**
 * Runs a service until SIGTERM or SIGINT; another one after that ends the process at once. It ends with 0 when it
 * stopped in good order, with 1 when it could not start or left something undone.
 */
export async function runService(
  name: string,
  make: () => Promise<{ service: Service; logger: Logger }>,
): Promise<void> {
  let stopping = false
  try {
    const { service, logger } = await make()
    const stop = async () => {
      const abandoned = await service.stop()
      if (abandoned.length > 0) logger.error({ abandoned }, 'stopped before these had ended')
      else logger.info('stopped')
      process.exit(abandoned.length > 0 ? 1 : 0)
    }
    let first = 0
    const onSignal = (signal: NodeJS.Signals) => {
      if (!stopping) {
        stopping = true
        first = performance.now()
        logger.info({ signal }, 'stopping')
        stop().catch((error) => fail(name, error))
      } else if (performance.now() - first > ECHO) {
        logger.error({ signal }, 'told twice to stop: ending at once')
        process.exit(1)
      }
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal)
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
