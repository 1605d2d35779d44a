import { setTimeout as pause } from 'node:timers/promises'
import { type Fault, NotInjected } from './fault.ts'
import { seeded } from './random.ts'
import { type Injection, schedule } from './schedule.ts'
import type { World } from './world.ts'

export interface InjectOptions {
  readonly seconds: number
  readonly seed: number
  /** Between two faults of a lane, from and to, in ms. */
  readonly pauses?: readonly [number, number]
  readonly log: (line: string) => void
}

/** All lanes at once, until the time is up; each heals what it has injected before it goes on. */
export async function injectFaults(world: World, kinds: readonly Fault[], options: InjectOptions) {
  const { seconds, seed, pauses, log } = options
  const impossible = new Map(
    kinds.flatMap((kind) => {
      const why = kind.impossible?.(world)
      return why === undefined ? [] : [[kind.name, why] as const]
    }),
  )
  const possible = new Map(kinds.filter(({ name }) => !impossible.has(name)).map((kind) => [kind.name, kind]))
  const injected = new Map([...possible.keys()].map((name) => [name, 0]))
  const start = performance.now()
  const elapsed = () => (performance.now() - start) / 1_000

  const inject = async ({ fault: name, lasts, seed: chances }: Injection) => {
    const fault = possible.get(name)
    if (fault === undefined) return
    log(`${elapsed().toFixed(1)} s  ${fault.lane}: ${name} for ${lasts} ms`)
    try {
      const heal = await fault.inject(world, seeded(chances))
      // What begins late ends with the time, but not before its own least.
      await pause(Math.min(lasts, Math.max(fault.lasts[0], (seconds - elapsed()) * 1_000)))
      await heal()
      injected.set(name, (injected.get(name) ?? 0) + 1)
    } catch (error) {
      if (!(error instanceof NotInjected)) throw error
      log(`${elapsed().toFixed(1)} s  ${fault.lane}: not injected, ${error.message}`)
    }
  }
  const lanes = [...schedule(seed, seconds, [...possible.values()], pauses).values()]
  await Promise.all(
    lanes.map(async (injections) => {
      for (const injection of injections) {
        await pause(injection.pause)
        if (elapsed() > seconds) return
        await inject(injection)
      }
    }),
  )
  return { injected, impossible }
}
