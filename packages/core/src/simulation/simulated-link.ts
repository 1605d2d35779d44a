import { PosthornError } from '../errors.ts'
import type {
  BrokerLink,
  ConsumeOptions,
  Consumer,
  Frame,
  Incoming,
  LinkEvents,
  LinkState,
} from '../external-bus/broker.ts'
import type { InMemoryLink } from '../external-bus/in-memory-link.ts'
import type { VhostPlan } from '../external-bus/topology.ts'
import type { Actor } from './actor.ts'
import { type Connection, type Direction, newConnection, timedOut } from './link-connection.ts'
import type { Lane, Scheduler } from './scheduler.ts'

/** What a link needs of the broker at its other end. */
export interface FarEnd {
  readonly actor: Actor
  readonly isDown: boolean
  nameOf(frame: Frame): string
  accept(far: InMemoryLink, frame: Frame, confirm: (error?: PosthornError) => void): void
  isSafe(frame: Frame): void
  takeCopies(): number
  takeDelay(): number
}

/**
 * A process's link to a vhost: what goes either way takes its time, and the connection can be lost with all that is on
 * its way. It comes back by itself, with its consumers, as {@link BrokerLink} says.
 */
export class SimulatedLink implements BrokerLink {
  readonly vhost: string
  readonly #broker: FarEnd
  readonly #scheduler: Scheduler
  readonly process: Actor
  readonly #events: LinkEvents
  /** Where the broker's side of the connection is. */
  readonly #far: InMemoryLink
  readonly #waiting = new Set<() => void>()
  #connection: Connection
  #state: LinkState = 'up'
  #isClosed = false

  constructor(
    broker: FarEnd,
    scheduler: Scheduler,
    process: Actor,
    events: LinkEvents,
    far: (onReply: (frame: Frame) => void) => InMemoryLink,
  ) {
    this.#broker = broker
    this.#scheduler = scheduler
    this.process = process
    this.#events = events
    this.#far = far((frame) => this.#reply(frame))
    this.vhost = this.#far.vhost
    this.#connection = newConnection(scheduler.now)
  }

  get state(): LinkState {
    return this.#state
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.process.alive
  }

  async publish(frame: Frame, deadline: number): Promise<void> {
    const end = this.#scheduler.now + deadline * 1_000
    await this.#untilUp(end)
    const connection = this.#connection
    const name = this.#broker.nameOf(frame)
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#scheduler.after(this.process, (end - this.#scheduler.now) / 1_000, null, () =>
        fail(timedOut(name)),
      )
      const settle = () => {
        cancel()
        connection.unconfirmed.delete(fail)
      }
      const fail = (error: unknown) => {
        settle()
        reject(error)
      }
      connection.unconfirmed.add(fail)
      this.#out(connection, name, () => {
        this.#broker.accept(this.#far, frame, (error) =>
          this.#in(connection, connection.confirms, `${name}: ${error?.code ?? 'confirmed'}`, () => {
            settle()
            this.#broker.isSafe(frame)
            if (error === undefined) resolve()
            else reject(error)
          }),
        )
      })
    })
  }

  consume(queue: string, options: ConsumeOptions, receive: (incoming: Incoming) => void): Promise<Consumer> {
    const deliver = (incoming: Incoming) => {
      const connection = this.#connection
      const again = incoming.redelivered ? ' again' : ''
      const name = `${this.#broker.nameOf(incoming.frame)}${again}`
      this.#in(connection, connection.deliveries, name, () => receive(this.#incoming(connection, incoming)))
    }
    return this.#ask(`consume ${queue}`, async () => {
      const consumer = await this.#far.consume(queue, options, deliver)
      return { cancel: () => this.#ask(`cancel ${queue}`, () => consumer.cancel()).catch(() => undefined) }
    })
  }

  check(exchanges: readonly string[], queues: readonly string[]): Promise<void> {
    return this.#ask('check the topology', () => this.#far.check(exchanges, queues))
  }

  declare(plan: VhostPlan): Promise<void> {
    return this.#ask('declare the topology', () => this.#far.declare(plan))
  }

  async close(deadline: number): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const wake of [...this.#waiting]) wake()
    const connection = this.#connection
    const left = () => connection.unconfirmed.size > 0 && connection.out && connection.in
    const end = this.#scheduler.now + deadline * 1_000
    while (left() && this.#scheduler.now < end) {
      await new Promise<void>((resolve) => this.#scheduler.after(this.process, 5, null, resolve))
    }
    this.#loseUnconfirmed(connection)
    this.#scheduler.send(
      this.process,
      this.#broker.actor,
      'close',
      () => void this.#far.close(),
      connection.frames,
    )
  }

  /** The process is no more. What it has sent still arrives; then the broker sees the end of the connection. */
  crash(): void {
    this.#isClosed = true
    const { frames } = this.#connection
    this.#scheduler.send(
      this.process,
      this.#broker.actor,
      'connection reset',
      () => void this.#far.close(),
      frames,
    )
  }

  /**
   * From now on nothing arrives.
   *
   * @param noticed after how long, in ms, the process and the broker find out
   * @param back how long the process then takes to be connected again, in ms
   */
  lose(
    direction: Direction,
    noticed: { readonly process: number; readonly broker: number },
    back: number,
  ): void {
    const connection = this.#connection
    if (this.#isClosed || !connection.out || !connection.in) return
    if (direction !== 'in') connection.out = false
    if (direction !== 'out') connection.in = false
    this.#scheduler.after(this.#broker.actor, noticed.broker, null, () => {
      if (connection === this.#connection) this.#far.disconnect()
    })
    this.#scheduler.after(this.process, noticed.process, 'connection lost', () =>
      this.#leave(connection, back),
    )
  }

  /** The broker's side ends at once. */
  reset(noticed: number, back: number): void {
    this.lose('both', { process: noticed, broker: 0 }, back)
    this.#far.disconnect()
  }

  #leave(connection: Connection, back: number): void {
    connection.out = false
    connection.in = false
    connection.isLeft = true
    this.#state = 'down'
    if (this.#isClosed) return
    this.#events.onState('down', 'connection lost')
    this.#loseUnconfirmed(connection)
    this.#events.onRepliesLost()
    this.#reconnect(back)
  }

  #reconnect(pause: number): void {
    this.#scheduler.after(this.process, pause, null, () => {
      if (this.#isClosed) return
      this.#scheduler.send(this.process, this.#broker.actor, 'connect', () => {
        if (this.#isClosed) return
        if (this.#broker.isDown) {
          this.#reconnect(pause + 100)
          return
        }
        this.#far.disconnect()
        const connection = newConnection(this.#scheduler.now)
        this.#connection = connection
        this.#far.connect()
        this.#scheduler.send(this.#broker.actor, this.process, 'connected', () => this.#connected(connection))
      })
    })
  }

  #connected(connection: Connection): void {
    if (this.#isClosed || connection !== this.#connection || !connection.out || !connection.in) return
    this.#state = 'up'
    this.#events.onState('up', null)
    for (const wake of [...this.#waiting]) wake()
  }

  #incoming(connection: Connection, incoming: Incoming): Incoming {
    const name = this.#broker.nameOf(incoming.frame)
    let settled = false
    const settle = (what: string, settlement: () => void) => {
      if (settled || connection.isLeft) return
      settled = true
      this.#out(connection, `${what} ${name}`, settlement)
    }
    return {
      frame: incoming.frame,
      redelivered: incoming.redelivered,
      get live() {
        return !settled && !connection.isLeft
      },
      ack: () => settle('ack', () => incoming.ack()),
      reject: (requeue) => settle(requeue ? 'reject' : 'bury', () => incoming.reject(requeue)),
      release: () => settle('hand back', () => incoming.release()),
    }
  }

  #reply(frame: Frame): void {
    const connection = this.#connection
    for (let copies = this.#broker.takeCopies(); copies > 0; copies--) {
      this.#in(connection, connection.replies, this.#broker.nameOf(frame), () => this.#events.onReply(frame))
    }
  }

  #out(connection: Connection, what: string, run: () => void): void {
    const extra = this.#broker.takeDelay()
    this.#scheduler.send(
      this.process,
      this.#broker.actor,
      what,
      () => {
        if (connection.out) run()
        else this.#scheduler.note(this.#broker.actor, `lost: ${what}`)
      },
      connection.frames,
      extra,
    )
  }

  #in(connection: Connection, lane: Lane, what: string, run: () => void): void {
    const extra = this.#broker.takeDelay()
    this.#scheduler.send(
      this.#broker.actor,
      this.process,
      what,
      () => {
        if (connection.in) run()
        else this.#scheduler.note(this.process, `lost: ${what}`)
      },
      lane,
      extra,
    )
  }

  /** Asks the broker itself for something. */
  #ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(this.#lost())
    return new Promise((resolve, reject) => {
      const answer = (how: string, settle: () => void) =>
        this.#scheduler.send(this.#broker.actor, this.process, `${what}: ${how}`, settle)
      this.#scheduler.send(this.process, this.#broker.actor, what, () => {
        work().then(
          (value) => answer('done', () => resolve(value)),
          (error) => answer('refused', () => reject(error)),
        )
      })
    })
  }

  #loseUnconfirmed(connection: Connection): void {
    for (const fail of [...connection.unconfirmed]) fail(this.#lost())
  }

  async #untilUp(end: number): Promise<void> {
    while (!this.#isClosed && this.#state !== 'up') {
      if (this.#scheduler.now >= end) {
        throw new PosthornError('BrokerUnreachable', `${this.vhost} was out of reach for too long`, {
          outcome: 'not-executed',
          retryable: true,
        })
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          cancel()
          this.#waiting.delete(wake)
          resolve()
        }
        const cancel = this.#scheduler.after(this.process, (end - this.#scheduler.now) / 1_000, null, wake)
        this.#waiting.add(wake)
      })
    }
    if (this.#isClosed) throw this.#lost()
  }

  #lost(): PosthornError<'ConnectionLost'> {
    return new PosthornError('ConnectionLost', `The connection to ${this.vhost} is lost`, {
      outcome: 'unknown',
      retryable: true,
    })
  }
}
