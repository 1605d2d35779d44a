import { PosthornError } from '../errors.ts'
import { sequenceDiagram, telling, traceText } from './describe-trace.ts'
import type { Outcome, Violation } from './outcome.ts'
import type { TraceStep } from './trace.ts'

/**
 * A seed has broken a promise. The message tells the shortest way to it that was found, step by step. The cause is the
 * last error that a process has caught on that way, if there was any.
 */
export class SimulationFailed extends PosthornError<'SimulationFailed'> {
  readonly seed: number
  readonly invariant: string
  /** What happened on the shortest way, the routine included. */
  readonly steps: readonly TraceStep[]
  /** How many seeds were run before this one. */
  readonly seedsBefore: number

  constructor(
    { seed, trace: { steps }, lastError }: Outcome,
    { invariant, what }: Violation,
    seedsBefore: number,
  ) {
    const story = traceText(telling(steps))
    super('SimulationFailed', `Seed ${seed} breaks a promise: ${invariant}.\n${what}\n\n${story}\n`, {
      details: { seed, invariant },
      cause: lastError,
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
