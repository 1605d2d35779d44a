import { median } from './statistics.ts'

/** Few enough for a young generation that was empty before: no collection comes in between. */
const BURST = 50

/**
 * What a call allocates, what is garbage at its end included: by how much the heap grows from one collection to the
 * next look at it. Only for processes with `--expose-gc`, and off the clock.
 */
export async function bytesPerCall(call: (index: number) => Promise<unknown>): Promise<number> {
  const growths: number[] = []
  for (let burst = 0; burst < 9; burst++) {
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < BURST; index++) await call(index)
    growths.push((process.memoryUsage().heapUsed - before) / BURST)
  }
  return median(growths)
}
