import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, allocationClient } from '../../demo/allocation-client.ts'
import type { Line } from './order-lines.ts'

const TRIES = 40

/** Asks for lines as a client does that wants them: at any instance, and again where there was no answer, or a 503. */
export class PersistentClient {
  /** What it was told, by status; under 0 how often it was told nothing. */
  readonly told = new Map<number, number>()
  readonly accepted: Line[] = []
  readonly #urls: () => readonly string[]
  #next = 0

  constructor(urls: () => readonly string[]) {
    this.#urls = urls
  }

  /** The status of the first answer that is no 503. */
  async allocate(line: Line): Promise<number> {
    for (let tries = 1; ; tries++) {
      const answer = await this.#ask(line)
      const status = answer?.status ?? 0
      this.told.set(status, (this.told.get(status) ?? 0) + 1)
      if (status > 0 && status < 300) this.accepted.push(line)
      if ((status !== 0 && status !== 503) || tries === TRIES) return status
      await pause(25)
    }
  }

  #ask(line: Line): Promise<Answer | undefined> {
    const urls = this.#urls()
    this.#next += 1
    const url = urls[this.#next % urls.length] ?? ''
    return allocationClient(url)
      .allocate(line)
      .catch(() => undefined)
  }
}
