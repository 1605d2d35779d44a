import type { Checks, Invariant, Observed } from './invariant.ts'
import type { Violation } from './outcome.ts'

/** Watches over the invariants of one run, until one is broken. */
export class Referee {
  readonly #observed: Observed
  readonly #onBroken: (violation: Violation) => void
  readonly #checks: readonly { readonly name: string; readonly checks: Checks }[]
  #violation: Violation | null = null

  constructor(
    invariants: readonly Invariant[],
    observed: Observed,
    onBroken: (violation: Violation) => void,
  ) {
    this.#observed = observed
    this.#onBroken = onBroken
    this.#checks = invariants.map(({ name, make }) => ({ name, checks: make() }))
  }

  /** The first one. */
  get violation(): Violation | null {
    return this.#violation
  }

  check(look: (checks: Checks, observed: Observed) => string | undefined): void {
    if (this.#violation !== null) return
    for (const { name, checks } of this.#checks) {
      try {
        const what = look(checks, this.#observed)
        if (what !== undefined) this.break(name, what)
      } catch (error) {
        this.break(name, error instanceof Error ? error.message : String(error))
      }
    }
  }

  break(invariant: string, what: string): void {
    if (this.#violation !== null) return
    this.#violation = { invariant, what }
    this.#onBroken(this.#violation)
  }
}
