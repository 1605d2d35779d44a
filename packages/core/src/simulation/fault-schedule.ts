import type { Actor } from './actor.ts'
import { type FaultName, type Faulty, faults } from './faults.ts'
import type { RunOptions } from './outcome.ts'
import type { PlannedFault } from './plan.ts'
import { seeded } from './random.ts'

/** What the faults of a run are done to. */
export interface FaultTargets extends Pick<Faulty, 'scheduler' | 'broker' | 'outside'> {
  readonly population: Pick<Faulty, 'processes' | 'replace'>
  readonly onHappened: () => void
}

/** Injects the faults of one run when their steps have come. */
export class FaultSchedule {
  readonly #options: RunOptions
  readonly #targets: FaultTargets
  readonly #by: Actor
  readonly #happened = new Map<FaultName, number>()
  #next = 0

  constructor(by: Actor, options: RunOptions, targets: FaultTargets) {
    this.#by = by
    this.#options = options
    this.#targets = targets
  }

  /** How many there were so far, by name: those that were done to something. */
  get happened(): ReadonlyMap<FaultName, number> {
    return this.#happened
  }

  /** Those whose time has come after so many steps. */
  inject(steps: number): void {
    const { faults: planned, omitted } = this.#options
    for (;;) {
      const fault = planned[this.#next]
      if (fault === undefined || fault.step > steps) return
      const index = this.#next
      this.#next += 1
      if (!omitted.faults.has(index)) this.#inject(fault)
    }
  }

  #inject({ name, stream }: PlannedFault): void {
    const { scheduler, broker, outside, population, onHappened } = this.#targets
    const faulty: Faulty = {
      scheduler,
      broker,
      outside,
      processes: population.processes.filter(({ actor: { alive } }) => alive),
      replace: population.replace.bind(population),
    }
    const counted = new Set<FaultName>()
    faults[name](faulty, seeded(this.#options.seed, stream), (what, as: FaultName = name) => {
      scheduler.note(this.#by, what)
      if (!counted.has(as)) this.#happened.set(as, (this.#happened.get(as) ?? 0) + 1)
      counted.add(as)
      onHappened()
    })
  }
}
