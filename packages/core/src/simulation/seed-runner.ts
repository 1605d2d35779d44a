import { promisify } from 'node:util'
import type { Outcome, RunOptions, Violation } from './outcome.ts'
import { RealWorld } from './real-world.ts'
import { Run } from './run.ts'

const nextTurn = promisify(setImmediate)

/** Runs seeds, one after another, and looks whether they reach out of the simulation. */
export class SeedRunner {
  readonly #real = new RealWorld()

  async run(options: RunOptions): Promise<Outcome> {
    this.#real.look()
    const outcome = await new Run(options).run()
    // Who waits for something real breaks other promises too, but for that reason.
    const begun = this.#begun()
    const unheard = await this.#unheard()
    return { ...outcome, violation: begun ?? outcome.violation ?? unheard }
  }

  end(): void {
    this.#real.end()
  }

  #begun(): Violation | null {
    const [begun] = this.#real.begun()
    if (begun === undefined) return null
    return {
      invariant: 'nothing real is waited for',
      what: `The code has begun something real, ${begun}; give it a stand-in, or go through host.ask`,
    }
  }

  async #unheard(): Promise<Violation | null> {
    const [error] = await this.#real.unhandled(nextTurn)
    if (error === undefined) return null
    return {
      invariant: 'no error goes unheard',
      what: error instanceof Error ? error.message : String(error),
    }
  }
}
