import { SimulationFailed } from '@posthorn/core/simulation'

/** Why a simulation has failed, which it must. */
export async function failureOf(simulation: Promise<unknown>): Promise<SimulationFailed> {
  const error = await simulation.catch((thrown: unknown) => thrown)
  if (error instanceof SimulationFailed) return error
  throw new Error(`The simulation should have failed, not given ${String(error)}`, { cause: error })
}
