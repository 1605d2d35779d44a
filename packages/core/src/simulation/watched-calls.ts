import type { CallOptions, ExternalBus } from '../external-bus/external-bus.ts'
import type { Command, Event } from '../messages/message.ts'
import type { Actor } from './actor.ts'
import type { Scheduler } from './scheduler.ts'

/** How long a call takes at most that says nothing of it, in ms. */
const TIMEOUT = 30_000

/** The calls of one process: each must be settled by its deadline, or as soon as a frozen process can see to it. */
export class WatchedCalls {
  /** How many are not settled. */
  open = 0
  readonly #scheduler: Scheduler
  readonly #process: Actor
  readonly #onLate: (what: string) => void

  constructor(scheduler: Scheduler, process: Actor, onLate: (what: string) => void) {
    this.#scheduler = scheduler
    this.#process = process
    this.#onLate = onLate
  }

  /** The same bus, whose calls are watched. */
  on(bus: ExternalBus): ExternalBus {
    const call: ExternalBus['call'] = (command, options) =>
      this.#watch(command, options, () => bus.call(command, options))
    const handle = (message: Command | Event, options?: CallOptions) =>
      message.kind === 'command'
        ? this.#watch(message, options, () => bus.handle(message, options))
        : bus.handle(message, options)
    return new Proxy(bus, {
      get: (target, key) => {
        if (key === 'call') return call
        if (key === 'handle') return handle
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  async #watch<T>(
    { type, id }: Command,
    { timeout = TIMEOUT }: CallOptions = {},
    call: () => Promise<T>,
  ): Promise<T> {
    const deadline = this.#scheduler.now + timeout * 1_000
    this.open += 1
    try {
      return await call()
    } finally {
      this.open -= 1
      const late = this.#scheduler.now - Math.max(deadline, this.#process.pausedUntil)
      if (late > 1_000) {
        this.#onLate(`${type} ${id} of ${this.#process.name} was settled ${late / 1_000} ms late`)
      }
    }
  }
}
