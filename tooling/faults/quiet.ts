import { setTimeout as pause } from 'node:timers/promises'
import { readOutboxes } from './ledger/read-stores.ts'
import type { World } from './world.ts'

/** Figures of queues are up to five seconds old: only what stays quiet for longer is quiet. */
const LONG_ENOUGH = 6_500

/** Waits until nothing is left to be done anywhere, up to a deadline in ms. Gives how long that took. */
export async function untilQuiet(
  world: World,
  progress: () => number,
  { deadline, log }: { readonly deadline: number; readonly log: (line: string) => void },
): Promise<number> {
  const start = performance.now()
  let quietSince = start
  let before = ''
  while (performance.now() - start < deadline) {
    const state = await lookAround(world).catch((error: Error) => ({ left: 1, text: error.message }))
    const text = `${state.text} ${progress()}`
    if (state.left > 0 || text !== before) quietSince = performance.now()
    if (text !== before) log(`  left: ${text}`)
    before = text
    if (performance.now() - quietSince > LONG_ENOUGH) break
    await pause(250)
  }
  return performance.now() - start
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
