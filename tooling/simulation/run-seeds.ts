import {
  SimulationFailed,
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from '@posthorn/core/simulation'
import { inOrder, orderedWorld } from './ordered-world.ts'
import { promises } from './promises.ts'
import { servicesWorld } from './services-world.ts'

/** What came of some seeds; it can be sent from one thread to another. */
export interface Simulated {
  readonly reports: readonly SimulationReport[]
  readonly failures: readonly Failure[]
}

export interface Failure {
  readonly seed: number
  readonly seedsBefore: number
  readonly invariant: string
  readonly text: string
  readonly diagram: string
}

const worlds = {
  /** The two services. */
  services: { world: servicesWorld, invariants: promises },
  /** A consumer that keeps order, which they have not. */
  ordered: { world: orderedWorld, invariants: [inOrder] },
} as const

export type WorldName = keyof typeof worlds

export const worldNames = Object.keys(worlds) as readonly WorldName[]

/** Simulates one of our worlds. */
export async function runSeeds(options: SimulationOptions, name: WorldName): Promise<Simulated> {
  try {
    const { world, invariants } = worlds[name]
    const report = await simulate(world, { ...options, invariants })
    return { reports: [report], failures: [] }
  } catch (error) {
    if (!(error instanceof SimulationFailed)) throw error
    const { seed, seedsBefore, invariant, message: text, diagram } = error
    return { reports: [], failures: [{ seed, seedsBefore, invariant, text, diagram }] }
  }
}
