import { writeSync } from 'node:fs'

/**
 * The one step at which this process dies. Whatever stands between two ports reports each step that it passes; when the
 * one that was chosen is passed for the n-th time, the process says so and kills itself, with no turn of the event loop in
 * between.
 */
export class Failpoint {
  readonly #at: RegExp | null
  #left: number

  /** @param at null: it never dies */
  constructor(at: RegExp | null, nth: number) {
    this.#at = at
    this.#left = nth
  }

  /** Does not return where the process dies. */
  pass(step: string): void {
    if (this.reached(step)) this.die(step)
  }

  /** Whether this is the passage to die at: for those who still have something to finish first. */
  reached(step: string): boolean {
    if (this.#at === null || !this.#at.test(step)) return false
    this.#left -= 1
    return this.#left === 0
  }

  die(step: string): void {
    say(`died ${step}`)
    process.kill(process.pid, 'SIGKILL')
  }
}

/** Tells whoever started this process; it has been told when this returns, even if the process dies right after. */
export function say(line: string): void {
  writeSync(1, `${line}\n`)
}
