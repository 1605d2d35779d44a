import type { Actor } from './actor.ts'
import { type FaultName, faults } from './faults.ts'
import type { RunOptions } from './outcome.ts'
import type { PlannedFault } from './plan.ts'
import type { Population } from './population.ts'
import { seeded } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import type { SimulatedBroker } from './simulated-broker.ts'

/** What the faults of a run are done to. */
export interface FaultTargets {
  readonly scheduler: Scheduler
  readonly broker: SimulatedBroker
  readonly population: Population
  readonly onInjected: () => void
}

/** Injects the faults of one run when their steps have come. */
export class FaultSchedule {
  readonly #options: RunOptions
  readonly #targets: FaultTargets
  readonly #by: Actor
  readonly #injected = new Map<FaultName, number>()
  #next = 0

  constructor(by: Actor, options: RunOptions, targets: FaultTargets) {
    this.#by = by
    this.#options = options
    this.#targets = targets
  }

  /** How many there were so far, by name. */
  get injected(): ReadonlyMap<FaultName, number> {
    return this.#injected
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
    const { scheduler, broker, population, onInjected } = this.#targets
    const faulty = {
      scheduler,
      broker,
      processes: population.processes.filter(({ actor: { alive } }) => alive),
      replace: population.replace.bind(population),
    }
    const what = faults[name](faulty, seeded(this.#options.seed, stream))
    if (what !== null) scheduler.note(this.#by, what)
    this.#injected.set(name, (this.#injected.get(name) ?? 0) + 1)
    onInjected()
  }
}
