import type { Frame } from './broker.ts'
import { deadQueue, RETRY_TIERS, retryQueue } from './names.ts'
import { header } from './wire-format.ts'

/**
 * Whether a message has died, if at all, only in its reader's own queues. A member of the system that may declare queues
 * could have one dead-letter our own messages back to us, with our own user-id; such a message has died elsewhere.
 */
export function diedAtHome(frame: Frame, queue: string): boolean {
  const deaths = deathQueues(frame)
  if (deaths.length === 0) return true
  const home = new Set<unknown>([
    queue,
    deadQueue(queue),
    ...RETRY_TIERS.map(({ name }) => retryQueue(queue, name)),
  ])
  return deaths.every((name) => home.has(name))
}

const NONE: readonly unknown[] = []

function deathQueues(frame: Frame): readonly unknown[] {
  const first = header(frame, 'x-first-death-queue')
  const deaths = header(frame, 'x-death') ?? NONE
  if (!Array.isArray(deaths)) return [null]
  const queues = deaths.map((death: unknown) => (death as { queue?: unknown } | null)?.queue)
  return first === undefined ? queues : [first, ...queues]
}
