import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What this process still holds after a full garbage collection, in MiB. */
export function heldMemory(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 2 ** 20
}
