import { hash } from 'node:crypto'

/** One step of a simulation: what came to whom from whom, and when. */
export interface TraceStep {
  /** Virtual time since the beginning, in ms. */
  readonly time: number
  readonly from: string
  /** Who acts; the same as `from` when somebody does something by himself. */
  readonly to: string
  readonly what: string
}

/** What has happened in a simulation, in order. The same seed gives the same trace, and so the same hash. */
export class Trace {
  readonly steps: TraceStep[] = []
  readonly #onStep: ((step: TraceStep, number: number) => void) | undefined
  readonly #hashed: string[]

  /** @param onStep is told of each step as it happens, and its number from 1 */
  constructor(seed: number, onStep?: (step: TraceStep, number: number) => void) {
    this.#hashed = [`seed ${seed}`]
    this.#onStep = onStep
  }

  /** 64 bits, hexadecimal. */
  get hash(): string {
    return hash('sha256', this.#hashed.join('\n')).slice(0, 16)
  }

  add(step: TraceStep): void {
    this.steps.push(step)
    this.#onStep?.(step, this.steps.length)
    this.#hashed.push(`${Math.round(step.time * 1_000)} ${step.to} ${step.what}`)
  }

  /** Has something count for the hash that is too long to be shown. */
  mix(text: string): void {
    this.#hashed.push(text)
  }
}
