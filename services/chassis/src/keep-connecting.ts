import { setTimeout as delay } from 'node:timers/promises'
import type { ExternalBus } from '@posthorn/core'
import type { Logger } from 'pino'

const LONGEST_PAUSE = 10_000

export interface Connecting {
  /** Why the last try failed; null before the first and after success. */
  readonly reason: string | null
  /** Ends the trying. */
  stop(): Promise<void>
}

/** Starts the external bus, however long the broker takes to appear. Once started it repairs itself. */
export function keepConnecting(bus: ExternalBus, logger: Logger): Connecting {
  const ended = new AbortController()
  let reason: string | null = null

  const tryUntilStarted = async () => {
    for (let attempt = 0; !ended.signal.aborted; attempt++) {
      try {
        await bus.start()
        reason = null
        logger.info('connected to the broker')
        return
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
        logger.warn({ err: error }, 'the broker is not to be had; trying again')
      }
      const pause = Math.random() * Math.min(LONGEST_PAUSE, 500 * 2 ** attempt)
      await delay(pause, undefined, { signal: ended.signal }).catch(() => undefined)
    }
  }

  const trying = tryUntilStarted()
  return {
    get reason() {
      return reason
    },
    async stop() {
      ended.abort()
      await trying
    },
  }
}
