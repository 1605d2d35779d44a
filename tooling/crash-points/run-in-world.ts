import type { Random } from '../faults/random.ts'
import { Journal } from './journal.ts'
import { killWorkers } from './kill-workers.ts'
import type { Label } from './labels.ts'
import { endClean, settle } from './settle.ts'
import { type Role, startWorker, type WorkerProcess } from './worker/worker-process.ts'
import type { World } from './world.ts'

/** What came of the kills in one world. */
export interface Line {
  readonly labels: readonly Label[]
  /** Workers that died at one of the labels, and said so. */
  readonly kills: number
  readonly orders: number
  /** Deliveries that came again. */
  readonly redelivered: number
  /** Answers that nobody waited for any more. */
  readonly lateAnswers: number
  /** How often the ledger was balanced. */
  readonly ledgers: number
  /** Empty is clean. */
  readonly differences: readonly string[]
}

/**
 * Between two ledgers. A message that was in the hands of eleven who died is a dead letter, and those who want order have
 * no survivor who would take it out of their hands.
 */
const KILLS_PER_LEDGER = { ordered: 8, unordered: 25 }

/** Kills workers so often at each of the labels, and balances the ledger in between and at the end. */
export async function runInWorld(
  world: World,
  labels: readonly Label[],
  kills: number,
  random: Random,
): Promise<Line> {
  const journal = new Journal()
  const victims = random.shuffle(labels.flatMap((label) => Array<Label>(kills).fill(label)))
  const found = new Set<string>()
  const note = (differences: readonly string[]) => {
    for (const difference of differences) found.add(difference)
  }
  const live = (...roles: readonly Role[]): WorkerProcess =>
    startWorker({ ...world.orders, roles, label: null, nth: 0, poll: 1_000 }, (line) => journal.hear(line))

  // Of those who read a queue in order only one gets anything, and it would be the survivor.
  const { ordered } = world.orders
  const survivor = ordered ? live('desk') : live('desk', 'books')
  let ledgers = 0
  try {
    await survivor.ready
    while (victims.length > 0 && found.size === 0) {
      const next = victims.splice(0, KILLS_PER_LEDGER[ordered ? 'ordered' : 'unordered'])
      await killWorkers(world, journal, next, random)
      const finishers = ordered ? [live('books')] : []
      note(await settle(world, journal, [survivor, ...finishers]))
      note(await endClean(finishers))
      ledgers += 1
    }
    note(await endClean([survivor]))
    // Once more, with patience: the broker's own count of a queue is up to five seconds old.
    note(await settle(world, journal, []))
  } catch (error) {
    note([String(error)])
  } finally {
    survivor.kill()
  }
  return {
    labels,
    kills: journal.deaths,
    orders: journal.orders.size,
    redelivered: journal.redelivered,
    lateAnswers: world.till.health().droppedReplies,
    ledgers,
    differences: [...found],
  }
}
