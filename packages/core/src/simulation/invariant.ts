import type { System } from '../messages/define-system.ts'
import type { InMemoryStore } from '../unit-of-work/in-memory-store.ts'
import type { Accepted, Commit, Ledger } from './ledger.ts'

/** What an invariant can look at. */
export interface Observed {
  readonly system: System
  /** The services that consume in order. */
  readonly ordered: ReadonlySet<string>
  readonly ledger: Ledger
  /** How many faults there have been, by name. */
  readonly faults: ReadonlyMap<string, number>
  /** By the name of the domain. */
  readonly stores: ReadonlyMap<string, InMemoryStore>
  /** What is left in queues, outboxes and processes; empty when all is quiet. */
  readonly leftovers: readonly string[]
}

/**
 * A promise that must hold whatever happens. Each function throws, or gives a sentence, when it is broken, and gives
 * nothing when it holds. It is made anew for each seed, and may remember what it has seen.
 */
export interface Invariant {
  readonly name: string
  readonly make: () => Checks
}

/** When an invariant is looked at. */
export interface Checks {
  readonly onCommit?: (commit: Commit, observed: Observed) => string | undefined
  readonly onAccepted?: (accepted: Accepted, observed: Observed) => string | undefined
  /** When all is quiet. */
  readonly atRest?: (observed: Observed) => string | undefined
}
