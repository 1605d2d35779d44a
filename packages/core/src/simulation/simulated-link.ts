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
import { type Direction, type FarEnd, LinkConnection } from './link-connection.ts'
import type { Scheduler } from './scheduler.ts'

/** What a link needs of the broker at its other end. */
export interface LinkedBroker extends FarEnd {
  readonly isDown: boolean
  accept(far: InMemoryLink, frame: Frame, confirm: (error?: PosthornError) => void): void
}

/**
 * A process's link to a vhost: what goes either way takes its time, and the connection can be lost with all that is on
 * its way. It comes back by itself, with its consumers, as {@link BrokerLink} says.
 */
export class SimulatedLink implements BrokerLink {
  readonly vhost: string
  readonly process: Actor
  readonly #broker: LinkedBroker
  readonly #scheduler: Scheduler
  readonly #events: LinkEvents
  /** Where the broker's side of the connection is. */
  readonly #far: InMemoryLink
  readonly #waiting = new Set<() => void>()
  /** Consumers that the broker does not know to be cancelled, because it was out of reach. */
  readonly #forgotten: Consumer[] = []
  #connection: LinkConnection
  #state: LinkState = 'up'
  #isClosed = false
  /** The end of the connection is on its way. */
  #isEnded = false

  constructor(
    broker: LinkedBroker,
    scheduler: Scheduler,
    process: Actor,
    events: LinkEvents,
    far: (onReply: (frame: Frame) => void) => InMemoryLink,
  ) {
    this.#broker = broker
    this.#scheduler = scheduler
    this.process = process
    this.#events = events
    this.#far = far((frame) => this.#connection.reply(frame, () => events.onReply(frame)))
    this.vhost = this.#far.vhost
    this.#connection = new LinkConnection(broker, scheduler, process)
  }

  get state(): LinkState {
    return this.#state
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.process.alive
  }

  /** Whether it is up, and everything arrives either way. */
  get isWhole(): boolean {
    return this.isOpen && this.#state === 'up' && this.#connection.isWhole
  }

  async publish(frame: Frame, deadline: number): Promise<void> {
    const end = this.#scheduler.now + deadline * 1_000
    await this.#untilUp(end)
    await this.#connection.publish(frame, end, (confirm) => this.#broker.accept(this.#far, frame, confirm))
  }

  async consume(
    queue: string,
    options: ConsumeOptions,
    receive: (incoming: Incoming) => void,
  ): Promise<Consumer> {
    const deliver = (incoming: Incoming) => this.#connection.deliver(incoming, receive)
    const consumer = await this.#ask(`consume ${queue}`, () => this.#far.consume(queue, options, deliver))
    const forget = () => void this.#forgotten.push(consumer)
    return { cancel: () => this.#ask(`cancel ${queue}`, () => consumer.cancel()).catch(forget) }
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
    this.#wakeAll()
    const connection = this.#connection
    const end = this.#scheduler.now + deadline * 1_000
    while (connection.isWaiting && this.#scheduler.now < end) {
      await new Promise<void>((resolve) => this.#scheduler.after(this.process, 5, null, resolve))
    }
    connection.fail(this.#lost())
    this.#end('close')
  }

  /** The process is no more. What it has sent still arrives; then the broker sees the end of the connection. */
  crash(): void {
    this.#isClosed = true
    if (!this.#isEnded) this.#end('connection reset')
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
    if (this.#isClosed || !connection.isWhole) return
    connection.kill(direction)
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

  #end(how: string): void {
    this.#isEnded = true
    this.#connection.close(how, () => void this.#far.close())
  }

  #leave(connection: LinkConnection, back: number): void {
    this.#state = 'down'
    if (!this.#isClosed) this.#events.onState('down', 'connection lost')
    connection.leave(this.#lost())
    if (this.#isClosed) return
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
        const connection = new LinkConnection(this.#broker, this.#scheduler, this.process)
        this.#connection = connection
        for (const consumer of this.#forgotten.splice(0)) void consumer.cancel()
        this.#far.connect()
        this.#scheduler.send(this.#broker.actor, this.process, 'connected', () => this.#connected(connection))
      })
    })
  }

  #connected(connection: LinkConnection): void {
    if (this.#isClosed || connection !== this.#connection || !connection.isWhole) return
    this.#state = 'up'
    this.#events.onState('up', null)
    this.#wakeAll()
  }

  /** Asks the broker itself for something. */
  #ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#isClosed || this.#state !== 'up') return Promise.reject(this.#outOfReach())
    return this.#connection.ask(what, work)
  }

  async #untilUp(end: number): Promise<void> {
    while (!this.#isClosed && this.#state !== 'up') {
      if (this.#scheduler.now >= end) throw this.#outOfReach()
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

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #outOfReach(): PosthornError<'BrokerUnreachable'> {
    return new PosthornError('BrokerUnreachable', `${this.vhost} is out of reach`, {
      outcome: 'not-executed',
      retryable: true,
    })
  }

  #lost(): PosthornError<'ConnectionLost'> {
    return new PosthornError('ConnectionLost', `The connection to ${this.vhost} is lost`, {
      outcome: 'unknown',
      retryable: true,
    })
  }
}
