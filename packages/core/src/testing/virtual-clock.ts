import { type Clock, systemClock } from '../clock.ts'
import { Agenda, type Due } from '../simulation/agenda.ts'
import { allTurns } from './all-turns.ts'

interface Timer extends Due {
  readonly run: () => void
}

/**
 * A clock that is put forward instead of waited for. By default it stands still in between; one that flows goes on as
 * the wall's does, only ahead of it. Nothing global is replaced: it is the time of those who are given it as their
 * `Clock`. Its timers do not keep the process alive.
 */
export class VirtualClock implements Clock {
  readonly #agenda = new Agenda<Timer>()
  readonly #flows: boolean
  readonly #begun = systemClock.now()
  #ahead = 0
  #order = 0
  /** By the wall's clock. */
  #wakesAt = Number.POSITIVE_INFINITY
  #cancelWaking: () => void = () => undefined

  constructor({ flows = false }: { readonly flows?: boolean } = {}) {
    this.#flows = flows
  }

  /** ms since it was made. */
  now(): number {
    return this.#ahead + (this.#flows ? systemClock.now() - this.#begun : 0)
  }

  after(ms: number, fn: () => void): () => void {
    this.#order += 1
    const timer: Timer = { at: this.now() + Math.max(0, ms), order: this.#order, cancelled: false, run: fn }
    this.#agenda.push(timer)
    if (this.#agenda.first === timer) this.#wake()
    return () => {
      timer.cancelled = true
    }
  }

  /** Puts it forward. What falls due meanwhile happens in its order, and what waits for that goes on in between. */
  async advance(ms: number): Promise<void> {
    const end = this.now() + ms
    do await allTurns()
    while (this.#runNext(end))
    this.#ahead += Math.max(0, end - this.now())
    this.#wake()
  }

  /** Puts it forward to the next timer, and has only that happen. False when there is none. */
  skip(): boolean {
    const ran = this.#runNext(Number.POSITIVE_INFINITY)
    this.#wake()
    return ran
  }

  #runNext(end: number): boolean {
    const next = this.#next()
    if (next === undefined || next.at > end) return false
    this.#agenda.pop()
    this.#ahead += Math.max(0, next.at - this.now())
    next.run()
    return true
  }

  #next(): Timer | undefined {
    while (this.#agenda.first?.cancelled === true) this.#agenda.pop()
    return this.#agenda.first
  }

  /** Has the next timer happen when the wall's clock says so. Who is woken too early sleeps on. */
  #wake(): void {
    const next = this.#flows ? this.#next() : undefined
    if (next === undefined) return
    const wall = systemClock.now()
    const at = wall + Math.max(0, next.at - this.now())
    if (this.#wakesAt <= at) return
    this.#cancelWaking()
    this.#wakesAt = at
    this.#cancelWaking = systemClock.after(Math.ceil(at - wall), () => {
      this.#wakesAt = Number.POSITIVE_INFINITY
      this.#runNext(this.now())
      this.#wake()
    })
  }
}
