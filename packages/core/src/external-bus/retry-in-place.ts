import type { Abort } from '../abort.ts'
import type { Clock } from '../clock.ts'

/** In ms: the first pause, the longest, and when to give up. */
const FIRST_PAUSE = 20
const LONGEST_PAUSE = 5_000
const ENOUGH = 60_000

/**
 * Tries again and again without letting go of the message, so that none behind it overtakes: how a consumer that was
 * asked for order retries.
 *
 * @param isFinal whether an error makes another try pointless
 * @throws the last error, when it is final, a minute has passed or `stopping` is aborted
 */
export async function retryInPlace(
  clock: Clock,
  stopping: Abort,
  isFinal: (error: unknown) => boolean,
  work: (retry: number) => Promise<void>,
): Promise<void> {
  const begun = clock.now()
  for (let retry = 0; ; retry++) {
    try {
      await work(retry)
      return
    } catch (error) {
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** retry)
      if (isFinal(error) || clock.now() + pause - begun > ENOUGH) throw error
      await rest(clock, pause, stopping)
      if (stopping.aborted) throw error
    }
  }
}

function rest(clock: Clock, ms: number, stopping: Abort): Promise<void> {
  return new Promise((resolve) => {
    if (stopping.aborted) {
      resolve()
      return
    }
    const wake = () => {
      cancel()
      forget()
      resolve()
    }
    const cancel = clock.after(ms, wake)
    const forget = stopping.onAbort(wake)
  })
}
