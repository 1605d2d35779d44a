import { planSystem } from '../external-bus/plan-system.ts'
import { checkAsked, checkSimulation } from './check-simulation.ts'
import type { FaultName } from './faults.ts'
import type { Outcome, Violation } from './outcome.ts'
import { allFaults, nothingOmitted, type Omitted, type PlannedFault, planFaults } from './plan.ts'
import { replaceGlobals } from './process-globals.ts'
import { checkSame } from './same-trace.ts'
import { SeedRunner } from './seed-runner.ts'
import { shrink } from './shrink.ts'
import { SimulationFailed } from './simulation-failed.ts'
import type { SimulationOptions, SimulationReport } from './simulation-options.ts'
import { standardInvariants } from './standard-invariants.ts'
import type { TraceStep } from './trace.ts'
import { orderedServices, type World } from './world.ts'

/** There is one process to be replaced, so there is one simulation at a time. */
let last: Promise<unknown> = Promise.resolve()

/**
 * Simulates a world, seed after seed, in virtual time and with everything going wrong that can. The first seed is run
 * twice, so that code that is no function of its seed shows, and so is one that fails.
 *
 * While it runs, the process's clock, timers and chance are replaced; other simulations wait for its end.
 *
 * @throws {SimulationFailed} for the first seed that breaks a promise
 * @throws {PosthornError} `InvalidDefinition`, `SimulationNotDeterministic`, or what the script has thrown
 */
export async function simulate(world: World, options: SimulationOptions = {}): Promise<SimulationReport> {
  checkSimulation(world, options)
  const simulated = last.then(() => simulateAlone(world, options))
  last = simulated.catch(() => undefined)
  return simulated
}

async function simulateAlone(world: World, options: SimulationOptions): Promise<SimulationReport> {
  const { seeds = 100, seed: first = 1, faults = allFaults, faultsPerSeed = 6, onStep } = options
  const invariants = [...standardInvariants, ...(options.invariants ?? [])]
  const plan = planSystem(world.system, { ordered: orderedServices(world) })
  const total = { seeds: 0, steps: 0, requests: 0, time: 0, hash: 0n }
  const counts: Partial<Record<FaultName, number>> = {}
  const putBack = replaceGlobals()
  const runner = new SeedRunner()

  const common = { world, plan, invariants, omitted: nothingOmitted, stacks: false, onStep: undefined }

  const fail = async (failed: Outcome, violation: Violation, planned: readonly PlannedFault[]) => {
    const { seed } = failed
    const again = (omitted: Omitted, watched = {}) =>
      runner.run({ ...common, seed, faults: planned, omitted, ...watched })
    checkSame(failed, await again(nothingOmitted))
    const limits = { requests: failed.requests, faults: planned.length, runs: options.shrink ?? 400 }
    const { omitted } = await shrink(failed, again, limits)
    const shortest = await again(omitted, {
      stacks: true,
      onStep: onStep && ((step: TraceStep) => onStep(step, 'shortest')),
    })
    throw new SimulationFailed(shortest, shortest.violation ?? violation, total.seeds)
  }

  try {
    // Faults are spread over the time that a seed takes; seed 1 stands for all, whichever are run.
    const { steps: length } = await runner.run({ ...common, seed: 1, faults: [] })
    for (let seed = first; seed < first + seeds; seed++) {
      const planned = planFaults(seed, faults, { most: faultsPerSeed, within: length })
      const options = { ...common, seed, faults: planned }
      const outcome = await runner.run({
        ...options,
        stacks: onStep !== undefined,
        onStep: onStep && ((step: TraceStep) => onStep(step, 'seed')),
      })
      if (outcome.violation !== null) await fail(outcome, outcome.violation, planned)
      if (seed === first) checkSame(outcome, await runner.run(options))
      total.seeds += 1
      total.steps += outcome.steps
      total.requests += outcome.requests
      total.time += outcome.time
      total.hash = BigInt.asUintN(64, total.hash + BigInt(`0x${outcome.trace.hash}`))
      for (const [name, count] of outcome.faults) counts[name] = (counts[name] ?? 0) + count
    }
    checkAsked(total.requests, seeds)
    return { ...total, seed: first, hash: total.hash.toString(16).padStart(16, '0'), faults: counts }
  } finally {
    runner.end()
    putBack()
  }
}
