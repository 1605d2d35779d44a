import type { SystemPlan } from '../external-bus/topology.ts'
import type { FaultName } from './faults.ts'
import type { Invariant } from './invariant.ts'
import type { Omitted, PlannedFault } from './plan.ts'
import type { Trace, TraceStep } from './trace.ts'
import type { World } from './world.ts'

/** A promise that was broken. */
export interface Violation {
  readonly invariant: string
  readonly what: string
}

export interface RunOptions {
  readonly world: World
  /** What the world's system needs on the broker. */
  readonly plan: SystemPlan
  readonly seed: number
  readonly invariants: readonly Invariant[]
  readonly faults: readonly PlannedFault[]
  readonly omitted: Omitted
  /** Whether errors have stacks, which take time. */
  readonly stacks: boolean
  readonly onStep: ((step: TraceStep) => void) | undefined
}

/** What one seed came to. */
export interface Outcome {
  readonly seed: number
  readonly violation: Violation | null
  readonly trace: Trace
  readonly steps: number
  /** ms of virtual time. */
  readonly time: number
  /** How many faults there were, by name. */
  readonly faults: ReadonlyMap<FaultName, number>
  readonly requests: number
  /** How many latencies were drawn. */
  readonly draws: number
  /** The last one that a process has caught, whatever it was. */
  readonly lastError: unknown
}
