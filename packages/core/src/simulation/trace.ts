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
  #low = 0x811c9dc5
  #high = 0x01000193

  /** @param onStep is told of each step as it happens, and its number from 1 */
  constructor(onStep?: (step: TraceStep, number: number) => void) {
    this.#onStep = onStep
  }

  /** 64 bits, hexadecimal. */
  get hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }

  add(step: TraceStep): void {
    this.steps.push(step)
    this.#onStep?.(step, this.steps.length)
    this.mix(step.to)
    this.mix(step.what)
    this.#low = Math.imul(this.#low ^ Math.round(step.time * 1_000), 0x01000193)
  }

  /** Has something count for the hash that is too long to be shown. */
  mix(text: string): void {
    let low = this.#low
    let high = this.#high
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      low = Math.imul(low ^ code, 0x01000193)
      high = Math.imul(high ^ code, 0x85ebca6b) ^ (low >>> 13)
    }
    this.#low = low
    this.#high = high
  }
}
