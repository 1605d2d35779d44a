import { PosthornError } from '../errors.ts'
import type { System } from '../messages/define-system.ts'
import { allFaults } from './plan.ts'
import type { SimulationOptions } from './simulation-options.ts'
import type { Request, World } from './world.ts'

/** @throws {PosthornError} `InvalidDefinition` for what would simulate nothing, or something else than is meant */
export function checkSimulation({ system, services }: World, options: SimulationOptions): void {
  const { seeds = 1, seed = 1, shrink = 0, faultsPerSeed = 0, faults = [] } = options
  checkWhole('seeds', seeds, 1)
  checkWhole('seed', seed, 0)
  checkWhole('shrink', shrink, 0)
  checkWhole('faultsPerSeed', faultsPerSeed, 0)
  for (const name of faults) {
    if (!allFaults.includes(name))
      throw invalid(`There is no fault ${name}; there are ${allFaults.join(', ')}`)
  }
  for (const name of Object.keys(services)) {
    if (!system.domains.has(name)) {
      throw invalid(`${name} is no domain of the system, so it can have no service`)
    }
  }
}

/** @throws {PosthornError} `InvalidDefinition` */
export function checkRequest({ by, at, timeout = 1 }: Request, system: System): void {
  if (!system.clients.includes(by))
    throw invalid(`The script asks by ${by}, which is no client of the system`)
  if (!(at >= 0 && at < Number.POSITIVE_INFINITY)) throw invalid(`Nobody can ask at ${at} ms`)
  if (!(timeout > 0 && timeout < Number.POSITIVE_INFINITY)) throw invalid(`Nobody can wait for ${timeout} ms`)
}

/** @throws {PosthornError} `InvalidDefinition` when no seed has asked for anything */
export function checkAsked(requests: number, seeds: number): void {
  if (requests === 0) throw invalid(`In ${seeds} seeds the script asks for nothing, so nothing was simulated`)
}

function checkWhole(name: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return
  throw invalid(`${name} must be a whole number from ${min}, not ${value}`)
}

function invalid(what: string): PosthornError<'InvalidDefinition'> {
  return new PosthornError('InvalidDefinition', what)
}
