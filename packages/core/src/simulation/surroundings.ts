/** What code finds that asks its surroundings instead of being told: the time, chance, timers. */
export interface Surroundings {
  /** ms since 1970. */
  date(): number
  /** Monotonic ms. */
  now(): number
  after(ms: number, fn: () => void): () => void
  /** From 0 up to 1. */
  random(): number
  warn(text: string): void
}
