import type { Clock } from '../clock.ts'
import { type Actor, actor } from './actor.ts'
import { Agenda, type Planned } from './agenda.ts'
import type { Latency } from './latency.ts'
import type { Trace } from './trace.ts'

/** A way on which nothing overtakes: what is sent later arrives later. */
export interface Lane {
  /** When the last of it arrives, in µs. */
  last: number
}

/**
 * Virtual time, and what happens in it: one step after another, each one actor's, with all its promises settled before
 * the next. When a step comes is decided by the latency that was drawn for it.
 */
export class Scheduler {
  readonly trace: Trace
  readonly #latency: Latency
  readonly #agenda = new Agenda<Planned>()
  readonly #afterStep: (step: number) => void
  /** The one whose step this is. */
  current: Actor = actor('world')
  /** µs. */
  now = 0
  /** How many steps there have been. */
  steps = 0
  /** What is on its way. */
  inFlight = 0
  #order = 0

  constructor(trace: Trace, latency: Latency, afterStep: (step: number) => void) {
    this.trace = trace
    this.#latency = latency
    this.#afterStep = afterStep
  }

  /** Something goes from one to another, and takes its time. */
  send(from: Actor, to: Actor, what: string, run: () => void, lane?: Lane, extra = 0): void {
    const takes = this.#latency.draw() * from.slowness * to.slowness + extra * 1_000
    let at = this.now + Math.round(takes)
    if (lane !== undefined) {
      at = Math.max(at, lane.last)
      lane.last = at
    }
    this.inFlight += 1
    this.#plan(at, from, to, what, true, run)
  }

  /** Whether an answer has a way of its own to go. */
  detour(): boolean {
    return this.#latency.detour()
  }

  /** Somebody does something after a while, in ms. Gives the function by which it is not done. */
  after(who: Actor, ms: number, what: string | null, run: () => void): () => void {
    // Never too early, or whoever waits for the end of a time would wait for nothing, and for ever.
    const at = this.now + Math.max(0, Math.ceil(ms * 1_000))
    const planned = this.#plan(at, who, who, what, false, run)
    return () => {
      planned.cancelled = true
    }
  }

  clockOf(who: Actor): Clock {
    const born = this.now
    return {
      now: () => (this.now - born) / 1_000,
      after: (ms, fn) => this.after(who, ms, null, fn),
    }
  }

  /** Puts something into the trace that is no step of its own. */
  note(who: Actor, what: string): void {
    this.trace.add(this.now, who.name, who.name, what)
  }

  /** Goes on step by step until `isOver` says so, or nothing is left to be done. */
  run(isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      // Node empties the queue of promises before it comes to the next tick, and the event loop never gets its turn.
      const settle = () => void process.nextTick(next)
      const turn = Promise.resolve()
      const next = () => {
        try {
          if (isOver() || !this.#step()) {
            resolve()
            return
          }
        } catch (error) {
          reject(error)
          return
        }
        void turn.then(settle)
      }
      void turn.then(settle)
    })
  }

  #step(): boolean {
    for (let next = this.#agenda.pop(); next !== undefined; next = this.#agenda.pop()) {
      const { to } = next
      if (next.cancelled || !to.alive) {
        this.#arrived(next)
      } else if (to.pausedUntil > next.at) {
        next.at = to.pausedUntil
        this.#agenda.push(next)
      } else {
        this.#take(next)
        return true
      }
    }
    return false
  }

  #take(step: Planned): void {
    const { at, from, to, what } = step
    this.now = at
    this.current = to
    this.#arrived(step)
    this.steps += 1
    if (what !== null) this.trace.add(at, from.name, to.name, what)
    step.run()
    this.#afterStep(this.steps)
  }

  #arrived({ inFlight }: Planned): void {
    if (inFlight) this.inFlight -= 1
  }

  #plan(
    at: number,
    from: Actor,
    to: Actor,
    what: string | null,
    inFlight: boolean,
    run: () => void,
  ): Planned {
    this.#order += 1
    const planned = { at, order: this.#order, from, to, what, inFlight, run, cancelled: false }
    this.#agenda.push(planned)
    return planned
  }
}
