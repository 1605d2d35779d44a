import { promisify } from 'node:util'
import { PosthornError } from '../errors.ts'
import { planSystem } from '../external-bus/plan-system.ts'
import { checkAsked, checkSimulation } from './check-simulation.ts'
import { stepText } from './describe-trace.ts'
import type { FaultName } from './faults.ts'
import type { Invariant } from './invariant.ts'
import type { Outcome, Violation } from './outcome.ts'
import { allFaults, nothingOmitted, type Omitted, planFaults } from './plan.ts'
import { replaceGlobals } from './process-globals.ts'
import { RealWorld } from './real-world.ts'
import { Run } from './run.ts'
import { shrink } from './shrink.ts'
import { SimulationFailed } from './simulation-failed.ts'
import { standardInvariants } from './standard-invariants.ts'
import type { TraceStep } from './trace.ts'
import { orderedServices, type World } from './world.ts'

/** What is simulated of a world, and what must hold. */
export interface SimulationOptions {
  /** How many seeds. Default 100. */
  readonly seeds?: number
  /** The first one; the others follow. Default 1. */
  readonly seed?: number
  /** What may go wrong. Default everything; none for a world without faults. */
  readonly faults?: readonly FaultName[]
  /** What must hold besides what Posthorn promises. */
  readonly invariants?: readonly Invariant[]
  /** How many runs may be spent on making a failing seed simple. Default 400. */
  readonly shrink?: number
  /** Told of each step as it happens, of the seeds themselves and not of attempts to shrink one. */
  readonly onStep?: (step: TraceStep, number: number) => void
}

/** What was simulated, all seeds together. */
export interface SimulationReport {
  /** The first one. */
  readonly seed: number
  readonly seeds: number
  readonly steps: number
  readonly requests: number
  /** How often each fault was injected. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>
  /** ms of virtual time. */
  readonly time: number
  /** One for all traces, the sum of theirs: the same seeds give the same one, on every machine and in whatever parts. */
  readonly hash: string
}

const nextTurn = promisify(setImmediate)

/**
 * Simulates a world, seed after seed, in virtual time and with everything going wrong that can. The first seed is run
 * twice, so that code that is no function of its seed shows.
 *
 * While it runs, the process's clock, timers and chance are replaced; other simulations must wait for its end.
 *
 * @throws {SimulationFailed} for the first seed that breaks a promise
 * @throws {PosthornError} `InvalidDefinition`, `SimulationNotDeterministic`, or what the script has thrown
 */
export async function simulate(world: World, options: SimulationOptions = {}): Promise<SimulationReport> {
  checkSimulation(world, options)
  const { seeds = 100, seed: first = 1, faults = allFaults } = options
  const invariants = [...standardInvariants, ...(options.invariants ?? [])]
  const plan = planSystem(world.system, { ordered: orderedServices(world) })
  const putBack = replaceGlobals()
  const real = new RealWorld()
  const total = { seeds: 0, steps: 0, requests: 0, time: 0, hash: 0n }
  const counts: Partial<Record<FaultName, number>> = {}

  const run = async (
    seed: number,
    omitted: Omitted,
    onStep?: SimulationOptions['onStep'],
  ): Promise<Outcome> => {
    real.look()
    const planned = planFaults(seed, faults)
    const outcome = await new Run({ world, plan, seed, invariants, faults: planned, omitted, onStep }).run()
    // Who waits for something real breaks other promises too, but for that reason.
    const begun = realThing(real)
    const unheard = await unheardError(real)
    return { ...outcome, violation: begun ?? outcome.violation ?? unheard }
  }

  const fail = async (failed: Outcome): Promise<never> => {
    const { seed, requests, violation } = failed
    const again = (omitted: Omitted) => run(seed, omitted)
    const limits = { requests, faults: planFaults(seed, faults).length, runs: options.shrink ?? 400 }
    const { outcome } = await shrink(failed, again, limits)
    const { invariant, what } = outcome.violation ?? (violation as Violation)
    throw new SimulationFailed({
      seed,
      invariant,
      what,
      steps: outcome.trace.steps,
      seedsBefore: total.seeds,
    })
  }

  try {
    for (let seed = first; seed < first + seeds; seed++) {
      const outcome = await run(seed, nothingOmitted, options.onStep)
      if (outcome.violation !== null) await fail(outcome)
      if (seed === first) {
        const again = await run(seed, nothingOmitted)
        if (again.trace.hash !== outcome.trace.hash) throw notDeterministic(outcome, again)
      }
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
    real.end()
    putBack()
  }
}

/** Code that reached out of the simulation. */
function realThing(real: RealWorld): Violation | null {
  const [begun] = real.begun()
  if (begun === undefined) return null
  return {
    invariant: 'nothing real is waited for',
    what: `The code has begun something real, ${begun}; give it a stand-in, or go through host.ask`,
  }
}

async function unheardError(real: RealWorld): Promise<Violation | null> {
  const [error] = await real.unhandled(nextTurn)
  if (error === undefined) return null
  return { invariant: 'no error goes unheard', what: error instanceof Error ? error.message : String(error) }
}

function notDeterministic(one: Outcome, other: Outcome): PosthornError<'SimulationNotDeterministic'> {
  const index = one.trace.steps.findIndex((step, place) => !isSame(step, other.trace.steps[place]))
  const step = one.trace.steps[index]
  return new PosthornError(
    'SimulationNotDeterministic',
    `Seed ${one.seed} gave two different traces; something is no function of the seed. They differ first at step ` +
      `${index}: ${step === undefined ? 'the end' : stepText(step)}`,
  )
}

function isSame(one: TraceStep, other: TraceStep | undefined): boolean {
  return other !== undefined && one.time === other.time && one.to === other.to && one.what === other.what
}
