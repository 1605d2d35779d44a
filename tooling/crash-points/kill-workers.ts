import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../faults/random.ts'
import { giveOrders } from './give-orders.ts'
import type { Journal } from './journal.ts'
import type { Label } from './labels.ts'
import { startWorker } from './worker/worker-process.ts'
import type { World } from './world.ts'

/** So many are to die at once, beside the one who survives. */
const AT_ONCE = 2
/** In ms: a worker that is still alive then is given more to do, for others may have taken what it had, ever more slowly. */
const PATIENCE = 400
const LONGEST_LIFE = 90_000
/** The step at which nothing has left the caller. */
const NEVER_LEFT = 'R0'

/**
 * Has a worker die at each of these labels, one after another.
 *
 * @throws when one ends in any other way, or never takes that step
 */
export async function killWorkers(
  world: World,
  journal: Journal,
  labels: readonly Label[],
  random: Random,
): Promise<void> {
  const waiting = labels.values()
  const slot = async () => {
    for (const label of waiting) await killAt(world, journal, label, random)
  }
  const slots = await Promise.allSettled(Array.from({ length: AT_ONCE }, slot))
  const failed = slots.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

async function killAt(world: World, journal: Journal, label: Label, random: Random): Promise<void> {
  const nth = random.int(1, 3)
  let asked: string | undefined
  const orders = { ...world.orders, roles: [label.role], label: label.name, nth, poll: 100 }
  const worker = startWorker(orders, (line) => {
    if (line.startsWith('asks ')) asked = line.slice(5)
    journal.hear(line)
  })
  await worker.ready
  const end = performance.now() + LONGEST_LIFE
  for (let round = 1; !worker.ended && performance.now() < end; round++) {
    giveOrders(world, journal, label, nth * round, random)
    await Promise.race([worker.exited, pause(PATIENCE * round, undefined, { ref: false })])
  }
  if (!worker.ended) worker.kill()
  const { code, signal, diedAt, errors } = await worker.exited
  if (signal !== 'SIGKILL' || diedAt === null || !label.at.test(diedAt)) {
    const how = `ended with ${signal ?? code} at ${diedAt ?? 'no step'}`
    throw new Error(`${label.name}, passage ${nth}: the worker ${how} instead of dying there\n${errors}`)
  }
  journal.deaths += 1
  if (label.name === NEVER_LEFT) Object.assign(journal.orders.get(asked ?? '') ?? {}, { outcome: 'not done' })
}
