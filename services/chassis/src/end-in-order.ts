import { setTimeout as delay } from 'node:timers/promises'
import { withoutSecrets } from './without-secrets.ts'

/** A part of a service on its way out. */
export interface Stage {
  readonly name: string
  /** Waits `patience` ms for what the part has begun, then gives it up. Gives the names of what it gave up, if any. */
  readonly end: (patience: number) => Promise<readonly string[]>
}

/** Of the time that a part has; the rest is for closing what it holds. */
const PATIENCE = 3 / 4

const LATE = Symbol('late')

/**
 * Ends the parts one after another, all within `deadline` ms. Each has half of the time that is left, the last one all
 * of it. One that takes longer, or fails, is left to itself. Gives the names of all that was abandoned. Never throws.
 */
export async function endInOrder(deadline: number, stages: readonly Stage[]): Promise<readonly string[]> {
  const last = performance.now() + deadline
  const abandoned: string[] = []
  for (const [n, { name, end }] of stages.entries()) {
    const left = Math.max(0, last - performance.now())
    const share = n === stages.length - 1 ? left : left / 2
    const waiting = new AbortController()
    const late = delay(share, LATE, { signal: waiting.signal })
    late.catch(() => undefined)
    try {
      const outcome = await Promise.race([end(share * PATIENCE), late])
      abandoned.push(...(outcome === LATE ? [name] : outcome))
    } catch (error) {
      abandoned.push(`${name}: ${withoutSecrets(String(error)).split('\n', 1)[0]}`)
    } finally {
      waiting.abort()
    }
  }
  return abandoned
}
