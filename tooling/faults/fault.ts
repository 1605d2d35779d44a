import type { Random } from './random.ts'
import type { World } from './world.ts'

/** Undoes what a fault has done, and waits until it is undone. */
export type Healing = () => Promise<void>

/** One way in which the world can go wrong. */
export interface Fault {
  readonly name: string
  /** Whose misfortune it is: those of one lane happen one after another, those of different lanes at once. */
  readonly lane: 'services' | 'broker' | 'postgres' | 'network' | 'mail'
  /** How long it lasts before it is healed, in ms, from and to. */
  readonly lasts: readonly [number, number]
  /** Why it cannot happen here; undefined where it can. */
  impossible?(world: World): string | undefined
  /** @throws {NotInjected} */
  inject(world: World, random: Random): Promise<Healing>
}

/** There was no occasion for the fault; what had been prepared is undone. */
export class NotInjected extends Error {
  override readonly name = 'NotInjected'
}

export const healsByItself: Healing = async () => undefined
