import { setTimeout as pause } from 'node:timers/promises'
import type { Journal } from './journal.ts'
import { differences, leftInQueues } from './ledger/balance.ts'
import { readFacts, readQueues } from './ledger/facts.ts'
import type { WorkerProcess } from './worker/worker-process.ts'
import type { World } from './world.ts'

/** In ms, without anything happening. What a dead worker had leased is given to another one after 15 s. */
const PATIENCE = 60_000
/** In ms. What has failed four times, on a machine that does too much at once, rests for ten minutes. */
const LONGEST_REST = 660_000

/** Waits until those who live have finished what is left, and gives what does not balance even then. */
export async function settle(
  world: World,
  journal: Journal,
  living: readonly WorkerProcess[],
): Promise<readonly string[]> {
  await Promise.race([journal.closed(), pause(PATIENCE, undefined, { ref: false })])
  let before = ''
  let since = performance.now()
  for (;;) {
    const found = await leftNow(world, journal)
    const now = found.join()
    if (now !== before) since = performance.now()
    before = now
    const isLate = performance.now() - since > (now.includes('.retry.') ? LONGEST_REST : PATIENCE)
    if (found.length === 0 || isLate || living.some(({ ended }) => ended)) return found
    await pause(100)
  }
}

/** Everything that is not as it must be. */
async function leftNow(world: World, journal: Journal): Promise<readonly string[]> {
  const facts = await readFacts(world, journal)
  const inQueues = leftInQueues(await readQueues(world), facts.orders)
  return [...journal.failures, ...differences(facts), ...inQueues]
}

/** Stops workers, so that nobody has anything in his hands any more; gives how they should not have ended. */
export async function endClean(workers: readonly WorkerProcess[]): Promise<readonly string[]> {
  const ends = await Promise.all(workers.map((worker) => worker.stop()))
  return ends
    .filter(({ code, errors }) => code !== 0 || errors !== '')
    .map(({ code, signal, errors }) => `a survivor ended with ${signal ?? code}: ${errors}`)
}
