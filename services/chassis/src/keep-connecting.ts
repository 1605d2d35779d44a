import { setTimeout as delay } from 'node:timers/promises'
import type { ExternalBus } from '@posthorn/core'
import type { Logger } from 'pino'

const LONGEST_PAUSE = 10_000

/**
 * Starts the external bus, however long the broker takes to appear. Once started it repairs itself.
 * Gives the function that ends the trying.
 */
export function keepConnecting(bus: ExternalBus, logger: Logger): () => Promise<void> {
  const ended = new AbortController()
  const trying = (async () => {
    for (let attempt = 0; !ended.signal.aborted; attempt++) {
      try {
        await bus.start()
        logger.info('connected to the broker')
        return
      } catch (error) {
        logger.warn({ err: error }, 'the broker is not to be had; trying again')
      }
      const pause = Math.random() * Math.min(LONGEST_PAUSE, 500 * 2 ** attempt)
      await delay(pause, undefined, { signal: ended.signal }).catch(() => undefined)
    }
  })()
  return async () => {
    ended.abort()
    await trying
  }
}
