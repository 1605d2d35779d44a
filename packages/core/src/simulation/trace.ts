import { hash } from 'node:crypto'

/** One step of a simulation: what came to whom from whom, and when. */
export interface TraceStep {
  /** In its run, from 1. */
  readonly number: number
  /** Virtual time since the beginning, in ms. */
  readonly time: number
  readonly from: string
  /** Who acts; the same as `from` when somebody does something by himself. */
  readonly to: string
  readonly what: string
  /** As a line of text. */
  toString(): string
}

/** What has happened in a simulation, in order. The same seed gives the same trace, and so the same hash. */
export class Trace {
  readonly steps: TraceStep[] = []
  readonly #onStep: ((step: TraceStep) => void) | undefined
  readonly #hashed: string[]

  /** @param onStep is told of each step as it happens */
  constructor(seed: number, onStep?: (step: TraceStep) => void) {
    this.#onStep = onStep
    this.#hashed = [`seed ${seed}`]
  }

  /** 64 bits, hexadecimal. */
  get hash(): string {
    return hash('sha256', this.#hashed.join('\n')).slice(0, 16)
  }

  /** @param time in µs */
  add(time: number, from: string, to: string, what: string): void {
    const step = new Step(this.steps.length + 1, time / 1_000, from, to, what)
    this.steps.push(step)
    this.#onStep?.(step)
    this.#hashed.push(`${time} ${to} ${what}`)
  }

  /** Has something count for the hash that is too long to be shown. */
  mix(text: string): void {
    this.#hashed.push(text)
  }
}

class Step implements TraceStep {
  readonly number: number
  readonly time: number
  readonly from: string
  readonly to: string
  readonly what: string

  constructor(number: number, time: number, from: string, to: string, what: string) {
    this.number = number
    this.time = time
    this.from = from
    this.to = to
    this.what = what
  }

  toString(): string {
    const who = this.from === this.to ? this.to : `${this.from} → ${this.to}`
    return `${String(this.number).padStart(5)} ${this.time.toFixed(1).padStart(9)} ms  ${who}: ${this.what}`
  }
}
