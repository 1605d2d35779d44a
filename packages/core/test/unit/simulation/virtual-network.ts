import { Scheduler } from '../../../src/simulation/scheduler.ts'
import { Trace } from '../../../src/simulation/trace.ts'

/** A scheduler on whose network everything takes 1 ms. */
export function evenScheduler(): Scheduler {
  const latency = { draw: () => 1_000, detour: () => false }
  return new Scheduler(new Trace(1), latency, () => undefined)
}

/** What comes of a promise when all has happened that is planned: its value, or the code of its error. */
export async function settled(scheduler: Scheduler, promise: Promise<unknown>): Promise<unknown> {
  const outcome = promise.catch((error: { readonly code?: string }) => error.code ?? error)
  await scheduler.run(() => false)
  return outcome
}
