import type { FaultName } from './faults.ts'
import type { Invariant } from './invariant.ts'
import type { TraceStep } from './trace.ts'

/** What is simulated of a world, and what must hold. */
export interface SimulationOptions {
  /** How many seeds. Default 100. */
  readonly seeds?: number
  /** The first one; the others follow. Default 1. */
  readonly seed?: number
  /** What may go wrong. Default everything; none for a world without faults. */
  readonly faults?: readonly FaultName[]
  /** How often it may go wrong in a seed, at most. Default 6. */
  readonly faultsPerSeed?: number
  /** What must hold besides what Posthorn promises. */
  readonly invariants?: readonly Invariant[]
  /** How many runs may be spent on making a failing seed simple. Default 400. */
  readonly shrink?: number
  /**
   * Told of each step as it happens: of the seeds and, when one fails, of its shortest run, whose numbers are those in
   * the error's message. Not of the attempts in between.
   */
  readonly onStep?: (step: TraceStep, run: 'seed' | 'shortest') => void
}

/** What was simulated, all seeds together. */
export interface SimulationReport {
  /** The first one. */
  readonly seed: number
  readonly seeds: number
  readonly steps: number
  readonly requests: number
  /** How often each fault happened. */
  readonly faults: Readonly<Partial<Record<FaultName, number>>>
  /** ms of virtual time. */
  readonly time: number
  /** One for all traces, the sum of theirs: the same seeds give the same one, on every machine and in whatever parts. */
  readonly hash: string
}
