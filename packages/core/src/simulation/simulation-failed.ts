import { PosthornError } from '../errors.ts'
import { sequenceDiagram, telling, traceText } from './describe-trace.ts'
import type { Violation } from './outcome.ts'
import type { TraceStep } from './trace.ts'

/** What is known of a seed that broke a promise. */
export interface FailureFacts extends Violation {
  readonly seed: number
  /** The shortest one found in which it is broken. */
  readonly steps: readonly TraceStep[]
  /** How many seeds were run before this one. */
  readonly seedsBefore: number
}

/** A seed has broken a promise. The message tells the shortest way to it that was found, step by step. */
export class SimulationFailed extends PosthornError<'SimulationFailed'> {
  readonly seed: number
  readonly invariant: string
  /** What happened, the routine included. */
  readonly steps: readonly TraceStep[]
  readonly seedsBefore: number

  constructor({ seed, invariant, what, steps, seedsBefore }: FailureFacts) {
    const story = traceText(telling(steps))
    super('SimulationFailed', `Seed ${seed} breaks a promise: ${invariant}.\n${what}\n\n${story}\n`, {
      details: { seed, invariant },
    })
    this.name = 'SimulationFailed'
    this.seed = seed
    this.invariant = invariant
    this.steps = steps
    this.seedsBefore = seedsBefore
  }

  /** The same as a sequence diagram for Mermaid. */
  get diagram(): string {
    return sequenceDiagram(telling(this.steps))
  }
}
