import { SimulationFailed, type SimulationOptions, type SimulationReport, simulate } from '@posthorn/core/simulation'
import { promises } from './promises.ts'
import { servicesWorld } from './services-world.ts'

/** What can be sent from one thread to another. */
export interface SeedsResult {
  readonly report: SimulationReport | null
  readonly failure: Failure | null
}

export interface Failure {
  readonly seed: number
  readonly seedsBefore: number
  readonly invariant: string
  readonly text: string
  readonly diagram: string
}

/** Simulates the world of the two services. */
export async function runSeeds(options: SimulationOptions): Promise<SeedsResult> {
  try {
    return { report: await simulate(servicesWorld, { ...options, invariants: promises }), failure: null }
  } catch (error) {
    if (!(error instanceof SimulationFailed)) throw error
    const { seed, seedsBefore, invariant, message: text, diagram } = error
    return { report: null, failure: { seed, seedsBefore, invariant, text, diagram } }
  }
}
