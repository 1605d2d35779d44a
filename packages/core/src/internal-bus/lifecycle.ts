import { type Abort, Aborter, type Signalled } from '../abort.ts'
import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import { InFlight, type Named } from './in-flight.ts'

/** Makes what a bus holds; see `MessageBusOptions.lifespan`. */
export type Lifespan = (signal: AbortSignal) => AsyncDisposable | Promise<AsyncDisposable>

/** Whether a bus is started, what it is doing, and what it holds from its first start until it is disposed. */
export class Lifecycle {
  readonly #domain: string
  readonly #lifespan: Lifespan | undefined
  readonly #work: InFlight
  #started = false
  /** Whether a start or a stop was asked for last. */
  #wanted = false
  #starting: AbortController | undefined
  #abandon = new Aborter()
  #held: AsyncDisposable | undefined
  #transition: Promise<unknown> = Promise.resolve()

  constructor(domain: string, clock: Clock, lifespan?: Lifespan) {
    this.#domain = domain
    this.#lifespan = lifespan
    this.#work = new InFlight(clock)
  }

  get inFlight(): number {
    return this.#work.size
  }

  /** Aborted when a stop has abandoned what is going on now. */
  get abandoned(): Abort & Signalled {
    return this.#abandon
  }

  /** Work on a new message. @throws {PosthornError} `BusNotStarted` */
  accept<T>(message: Named, work: () => Promise<T>): Promise<T> {
    if (this.#started) return this.follow(message, work)
    return Promise.reject(this.#notStarted(`did not take ${message.type}`, 'not-executed'))
  }

  /** Work that follows from what was accepted: also while stopping. */
  follow<T>(message: Named, work: () => Promise<T>): Promise<T> {
    return this.#work.track(message, work)
  }

  /** Comes to nothing when a stop is asked for before it is through. */
  start(): Promise<void> {
    this.#wanted = true
    return this.#next(async () => {
      if (this.#started || !this.#wanted) return
      this.#held ??= await this.#make()
      this.#abandon = new Aborter()
      this.#started = this.#wanted
    })
  }

  stop(deadline: number): Promise<readonly string[]> {
    this.#wanted = false
    this.#started = false
    this.#starting?.abort(this.#notStarted('was stopped before that', 'not-executed'))
    return this.#next(async () => {
      this.#started = false
      const left = await this.#work.drain(deadline)
      if (left.length > 0) this.#abandon.abort(this.#notStarted('abandoned this', 'unknown'))
      return left
    })
  }

  async dispose(deadline: number): Promise<void> {
    await this.stop(deadline)
    await this.#next(async () => {
      await this.#held?.[Symbol.asyncDispose]()
      this.#held = undefined
    })
  }

  async #make(): Promise<AsyncDisposable | undefined> {
    this.#starting = new AbortController()
    try {
      return await this.#lifespan?.(this.#starting.signal)
    } finally {
      this.#starting = undefined
    }
  }

  /** Starts and stops happen one after another, in the order in which they were asked for. */
  #next<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#transition.then(step)
    this.#transition = done.catch(() => undefined)
    return done
  }

  #notStarted(what: string, outcome: 'not-executed' | 'unknown'): PosthornError<'BusNotStarted'> {
    return new PosthornError('BusNotStarted', `The bus of ${this.#domain} is not started and ${what}`, {
      outcome,
      retryable: true,
    })
  }
}
