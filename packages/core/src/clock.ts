/**
 * Time, as everything in Posthorn that waits sees it: a seam, so that a simulation can run years in a second.
 * `now` is monotonic milliseconds and says nothing about the date.
 */
export interface Clock {
  now(): number
  /** Runs `fn` once after `ms`; the function returned cancels it. */
  after(ms: number, fn: () => void): () => void
}

/** The process's own clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
