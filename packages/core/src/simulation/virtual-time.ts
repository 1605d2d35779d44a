import { replaceUuidSource, type UuidSource, uuidSource } from '../messages/uuid-v7.ts'
import type { Actor } from './actor.ts'
import { STREAM } from './plan.ts'
import { enter } from './process-globals.ts'
import { seeded } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { Surroundings } from './surroundings.ts'

/** 2030-01-01, the day on which every simulation begins. */
const BEGINNING = Date.UTC(2030, 0, 1)

/**
 * Makes the scheduler's time, and chance of the seed's, those of all code until the function given is called. Who asks
 * is whoever has the step: each process has a calendar and ids of its own.
 */
export function enterVirtualTime(seed: number, scheduler: Scheduler, stacks: boolean): () => void {
  const random = seeded(seed, STREAM.code)
  const date = () => Math.floor(BEGINNING + scheduler.now / 1_000 + scheduler.current.skew)
  const surroundings: Surroundings = {
    date,
    now: () => scheduler.now / 1_000,
    after: (ms, fn) => scheduler.after(scheduler.current, ms, null, fn),
    random: random.next,
    warn: (text) => scheduler.note(scheduler.current, `warns: ${text}`),
  }
  const leave = enter(surroundings, stacks)
  const fill = (bytes: Uint8Array) => {
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.int(0, 255)
  }
  const sources = new Map<Actor, UuidSource>()
  const stopReplacing = replaceUuidSource(() => {
    const { current } = scheduler
    const source = sources.get(current) ?? uuidSource(date, fill, 64)
    sources.set(current, source)
    return source()
  })
  return () => {
    leave()
    stopReplacing()
  }
}
