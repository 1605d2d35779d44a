import { setTimeout as pause } from 'node:timers/promises'
import { readOutboxes } from './ledger/read-stores.ts'
import type { World } from './world.ts'

/** Figures of queues are up to five seconds old: only what stays quiet for longer is quiet. */
const LONG_ENOUGH = 6_500

/**
 * In ms, without anything moving: what has failed rests for up to a minute, and in the last tier for ten; what came out of
 * a tier while its work queue was deleted the broker tries to bring back once more after three minutes.
 */
const PATIENCE = 240_000
const LAST_TIER = '.retry.600s'
const PATIENCE_FOR_LAST_TIER = 660_000
/** What goes round and round is not quiet either. */
const LONGEST = 1_200_000

/** Waits until nothing is left to be done anywhere, or nothing moves any more. Gives how long that took, in ms. */
export async function untilQuiet(
  world: World,
  progress: () => number,
  log: (line: string) => void,
): Promise<number> {
  const start = performance.now()
  let [quietSince, movedAt] = [start, start]
  let before = ''
  for (;;) {
    const state = await lookAround(world).catch((error: Error) => ({ left: 1, text: error.message }))
    const text = `${state.text} ${progress()}`
    const now = performance.now()
    if (text !== before) {
      log(`  left: ${text}`)
      movedAt = now
    }
    if (state.left > 0 || text !== before) quietSince = now
    before = text
    const patience = text.includes(LAST_TIER) ? PATIENCE_FOR_LAST_TIER : PATIENCE
    const over = now - quietSince > LONG_ENOUGH || now - movedAt > patience || now - start > LONGEST
    if (over) return now - start
    await pause(250)
  }
}

/** What is left, and a text that differs when anything has moved. */
async function lookAround(world: World): Promise<{ readonly left: number; readonly text: string }> {
  const outboxes = (await readOutboxes(world)).filter(({ dead }) => !dead)
  const queues = await allQueues(world)
  const waiting = queues.filter(({ name, messages }) => !name.endsWith('.dead') && messages > 0)
  return {
    left: outboxes.length + waiting.length,
    text: `${outboxes.length} ${waiting.map(({ name, messages }) => `${name} ${messages}`).join(' ')}`,
  }
}

export async function allQueues({ management, plan }: Pick<World, 'management' | 'plan'>) {
  return (await Promise.all(plan.vhosts.map(({ name }) => management.queues(name)))).flat()
}
