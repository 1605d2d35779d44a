import { setTimeout as delay } from 'node:timers/promises'
import { type ExternalBus, PosthornError } from '@posthorn/core'
import type { Logger } from 'pino'

export interface Obstacle {
  readonly reason: string
  /** A person must mend it: credentials, rights, topology. */
  readonly permanent: boolean
}

export interface Connecting {
  /** Why the last try failed; null before the first and after success. */
  readonly obstacle: Obstacle | null
  /** Ends the trying. */
  stop(): Promise<void>
}

type Wait = (ms: number, signal: AbortSignal) => Promise<void>

const wait: Wait = (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined)

/** Starts the external bus, however long the broker takes to appear. Once started it repairs itself. */
export function keepConnecting(
  bus: Pick<ExternalBus, 'start'>,
  logger: Logger,
  pause: Wait = wait,
): Connecting {
  const ended = new AbortController()
  let obstacle: Obstacle | null = null

  const tryUntilStarted = async () => {
    for (let attempt = 0; !ended.signal.aborted; attempt++) {
      try {
        await bus.start()
        obstacle = null
        logger.info('connected to the broker')
        return
      } catch (error) {
        obstacle = obstacleIn(error)
        if (obstacle.permanent) logger.error({ err: error }, 'the broker refuses; somebody must mend this')
        else logger.warn({ err: error }, 'the broker is not to be had; trying again')
        await pause(pauseAfter(attempt, obstacle), ended.signal)
      }
    }
  }

  const trying = tryUntilStarted()
  return {
    get obstacle() {
      return obstacle
    },
    async stop() {
      ended.abort()
      await trying
    },
  }
}

function obstacleIn(error: unknown): Obstacle {
  return {
    reason: error instanceof Error ? error.message : String(error),
    permanent: error instanceof PosthornError && !error.retryable,
  }
}

/** In ms: up to 10 s, or 1 to 60 s when only a person can help, as at once after a deployment. */
function pauseAfter(attempt: number, { permanent }: Obstacle): number {
  if (!permanent) return Math.random() * Math.min(10_000, 500 * 2 ** attempt)
  return (0.5 + Math.random() / 2) * Math.min(60_000, 2_000 * 2 ** attempt)
}
