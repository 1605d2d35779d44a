import {
  SimulationFailed,
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from '@posthorn/core/simulation'
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

/** Simulates the world of the two services. */
export async function runSeeds(options: SimulationOptions): Promise<Simulated> {
  try {
    const report = await simulate(servicesWorld, { ...options, invariants: promises })
    return { reports: [report], failures: [] }
  } catch (error) {
    if (!(error instanceof SimulationFailed)) throw error
    const { seed, seedsBefore, invariant, message: text, diagram } = error
    return { reports: [], failures: [{ seed, seedsBefore, invariant, text, diagram }] }
  }
}
