import { setMaxListeners } from 'node:events'
import type { Abort } from '@posthorn/core/storage'
import { acquireTimeout, driverEnded } from './classify-error.ts'
import type { Connection } from './connection.ts'
import { type Deferred, deferred } from './deferred.ts'
import { within } from './within.ts'

/** For so long a connection is used again, in ms; its server process grows with all that it has seen. */
const LIFETIME = 45 * 60_000

/** A server that does not take leave is left after so many ms. */
const CLOSING = 500

/** Connections that are used one after the other, and as many at once as are allowed. */
export class ConnectionPool {
  readonly #open: (ended: AbortSignal) => Promise<Connection>
  readonly #max: number
  /** Those that there are, and when each was made. */
  readonly #connections = new Map<Connection, number>()
  readonly #idle: Connection[] = []
  readonly #waiting = new Set<Deferred<Connection>>()
  readonly #ended = new AbortController()
  #opening = 0

  /** How many connections there are, and how many wait for one. */
  get state(): {
    readonly used: number
    readonly idle: number
    readonly max: number
    readonly pending: number
  } {
    const idle = this.#idle.length
    return { used: this.#connections.size - idle, idle, max: this.#max, pending: this.#waiting.size }
  }

  /** @param open makes a connection that can be used, unless the pool is ended meanwhile */
  constructor(max: number, open: (ended: AbortSignal) => Promise<Connection>) {
    this.#max = max
    this.#open = open
    setMaxListeners(0, this.#ended.signal)
  }

  /**
   * A connection of one's own until it is released. `timeout` in ms.
   *
   * @throws {PosthornError} `AcquireTimeout`; the abort's reason; why no connection could be made
   */
  async acquire(timeout: number, abort?: Abort): Promise<Connection> {
    if (abort?.aborted) throw abort.reason
    this.#ended.signal.throwIfAborted()
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle
      idle.destroy()
    }
    const waiter = deferred<Connection>()
    const timer = setTimeout(() => this.#refuse(waiter, acquireTimeout(timeout)), timeout)
    const forget = abort?.onAbort(() => this.#refuse(waiter, abort.reason))
    this.#waiting.add(waiter)
    this.#grow()
    try {
      return await waiter.promise
    } finally {
      clearTimeout(timer)
      forget?.()
    }
  }

  /** Gives a connection back, on which nothing is under way. One that is lost may be given back as well. */
  release(connection: Connection): void {
    const born = this.#connections.get(connection)
    if (!connection.usable || born === undefined) {
      connection.destroy()
      return
    }
    if (this.#ended.signal.aborted || performance.now() - born > LIFETIME) {
      void connection.close()
      return
    }
    const [waiter] = this.#waiting
    if (waiter === undefined) {
      this.#idle.push(connection)
      return
    }
    this.#waiting.delete(waiter)
    waiter.resolve(connection)
  }

  /** Closes all connections, those in use and those being made too. Whoever waits for one is refused. */
  async end(): Promise<void> {
    const reason = driverEnded()
    this.#ended.abort(reason)
    for (const waiter of this.#waiting) this.#refuse(waiter, reason)
    const open = [...this.#connections.keys()]
    await within(CLOSING, Promise.all(open.map((connection) => connection.close())))
    for (const connection of open) connection.destroy()
  }

  /** As many connections are being made as there are waiters, so that none waits for another's to be free. */
  #grow(): void {
    while (this.#opening < this.#waiting.size && this.#connections.size + this.#opening < this.#max) {
      this.#opening += 1
      this.#open(this.#ended.signal).then(
        (connection) => this.#add(connection),
        (error) => this.#fail(error),
      )
    }
  }

  #add(connection: Connection): void {
    this.#opening -= 1
    this.#connections.set(connection, performance.now())
    connection.onLost(() => this.#forget(connection))
    this.release(connection)
  }

  /** One attempt has failed: one waiter is told. */
  #fail(error: unknown): void {
    this.#opening -= 1
    const [waiter] = this.#waiting
    if (waiter !== undefined) this.#refuse(waiter, error)
    this.#grow()
  }

  /** At once, lest a connection is given to whom nobody waits for any more. */
  #refuse(waiter: Deferred<Connection>, error: unknown): void {
    this.#waiting.delete(waiter)
    waiter.reject(error)
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
    this.#grow()
  }
}
