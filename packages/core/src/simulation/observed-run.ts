import type { System } from '../messages/define-system.ts'
import type { InMemoryStore } from '../unit-of-work/in-memory-store.ts'
import type { Observed } from './invariant.ts'
import type { Ledger } from './ledger.ts'

/** What invariants see of a run. */
export class ObservedRun implements Observed {
  readonly system: System
  readonly ordered: ReadonlySet<string>
  readonly ledger: Ledger
  readonly faults: ReadonlyMap<string, number>
  readonly stores: ReadonlyMap<string, InMemoryStore>
  readonly #unrest: () => Iterable<string>

  constructor(facts: Omit<Observed, 'leftovers'>, unrest: () => Iterable<string>) {
    this.system = facts.system
    this.ordered = facts.ordered
    this.ledger = facts.ledger
    this.faults = facts.faults
    this.stores = facts.stores
    this.#unrest = unrest
  }

  get leftovers(): readonly string[] {
    return [...this.#unrest()]
  }
}
