import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What a collection frees by other threads and by finalizers, it has not freed when it returns. */
const REST = 100

/** What this process still holds when garbage collection after garbage collection frees no more, in MiB. */
export async function heldMemory(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let held = Number.POSITIVE_INFINITY
  for (;;) {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    const left = (heapUsed + arrayBuffers) / 2 ** 20
    if (left > held - 0.5) return Math.min(left, held)
    held = left
    await new Promise((resolve) => setTimeout(resolve, REST))
  }
}
