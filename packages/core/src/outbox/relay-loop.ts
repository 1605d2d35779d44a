import type { Clock } from '../clock.ts'

/**
 * What one round came to, and so when the next one begins: `more` at once; `idle` when woken or at the next poll;
 * `busy` shortly, as another relay is at work; `pause`, after the store has failed, at the next poll, whoever wakes it.
 */
export type Round = 'more' | 'idle' | 'busy' | 'pause'

export interface RelayLoopOptions {
  readonly round: () => Promise<Round>
  readonly onError: (error: unknown) => void
  readonly clock: Clock
  /** In ms. */
  readonly poll: number
}

const BUSY_PAUSE = 50

/** Does rounds one after another until stopped. */
export class RelayLoop {
  readonly #options: RelayLoopOptions
  #running = false
  #done: Promise<void> = Promise.resolve()
  #woken = false
  #endPause: (() => void) | undefined
  #wakeable = true

  constructor(options: RelayLoopOptions) {
    this.#options = options
  }

  /** Whether it may go on: it has been started, and not stopped since. */
  get running(): boolean {
    return this.#running
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    // A loop that was stopped may still be in its last round.
    this.#done = this.#done.then(() => this.#run())
  }

  /** Remembered when it comes during a round: what was committed meanwhile may have been missed. */
  wake(): void {
    this.#woken = true
    if (this.#wakeable) this.#endPause?.()
  }

  /** Waits for the round under way, `deadline` ms at the longest. */
  async stop(deadline: number): Promise<void> {
    this.#running = false
    this.#endPause?.()
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(deadline, resolve)
      void this.#done.then(() => {
        cancel()
        resolve()
      })
    })
  }

  async #run(): Promise<void> {
    const { round, onError, poll } = this.#options
    while (this.#running) {
      this.#woken = false
      let next: Round = 'pause'
      try {
        next = await round()
      } catch (error) {
        onError(error)
      }
      if (next === 'busy') await this.#pause(BUSY_PAUSE, false)
      else if (next === 'pause') await this.#pause(poll, false)
      else if (next === 'idle' && !this.#woken) await this.#pause(poll, true)
    }
  }

  async #pause(ms: number, wakeable: boolean): Promise<void> {
    if (!this.#running) return
    this.#wakeable = wakeable
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve)
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
    this.#endPause = undefined
  }
}
