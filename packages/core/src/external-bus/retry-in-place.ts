import type { Clock } from '../clock.ts'

/** In ms: the first pause, the longest, and when to give up. */
const FIRST_PAUSE = 20
const LONGEST_PAUSE = 5_000
const ENOUGH = 60_000

/**
 * Tries again and again without letting go of the message, so that none behind it overtakes: how a consumer that was
 * asked for order retries. Gives `stopped` when `stopping` is aborted during a pause.
 *
 * @throws the last error, when a minute has passed
 */
export async function retryInPlace(
  clock: Clock,
  stopping: AbortSignal,
  work: (retry: number) => Promise<void>,
): Promise<'done' | 'stopped'> {
  const begun = clock.now()
  for (let retry = 0; ; retry++) {
    try {
      await work(retry)
      return 'done'
    } catch (error) {
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** retry)
      if (clock.now() + pause - begun > ENOUGH) throw error
      await rest(clock, pause, stopping)
      if (stopping.aborted) return 'stopped'
    }
  }
}

function rest(clock: Clock, ms: number, stopping: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopping.aborted) {
      resolve()
      return
    }
    const wake = () => {
      cancel()
      stopping.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = clock.after(ms, wake)
    stopping.addEventListener('abort', wake)
  })
}
