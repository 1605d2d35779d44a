import type { Clock } from '../clock.ts'
import type { Frame, Incoming } from './broker.ts'
import type { QueuePlan } from './topology.ts'
import { type Settlement, UnsettledMessage } from './unsettled-message.ts'

interface Entry {
  readonly frame: Frame
  /** Its place in the queue; what comes back has a smaller one than all that was never delivered. */
  place: number
  readonly expiresAt: number
  failures: number
  returned: boolean
  cancelExpiry: () => void
}

interface Subscriber {
  readonly prefetch: number
  readonly receive: (incoming: Incoming) => void
  readonly unsettled: Set<Entry>
}

/** A consumer's hold on a queue of the in-memory broker. */
export interface QueueHold {
  /** No more deliveries; what is out may still be settled. */
  cancel(): void
  /** As when the connection breaks: what is out goes back, one failure the more, and settling it is a no-op. */
  drop(): void
}

/** Why a message leaves a queue other than by an ack, in RabbitMQ's words. */
export type Death = 'rejected' | 'expired' | 'delivery_limit'

/** One queue of the in-memory broker: first in, first out, with the arguments of a {@link QueuePlan} that it knows. */
export class InMemoryQueue {
  readonly plan: QueuePlan
  readonly #clock: Clock
  readonly #onDeath: (frame: Frame, death: Death) => void
  readonly #ready: Entry[] = []
  #subscribers: Subscriber[] = []
  #places = 0
  #returns = Number.MIN_SAFE_INTEGER
  #out = 0
  #bytes = 0
  #scheduled = false

  constructor(plan: QueuePlan, clock: Clock, onDeath: (frame: Frame, death: Death) => void) {
    this.plan = plan
    this.#clock = clock
    this.#onDeath = onDeath
  }

  /** Messages that wait, without those that are out to consumers. */
  get waiting(): readonly Frame[] {
    return this.#ready.map(({ frame }) => frame)
  }

  /** How many wait. */
  get size(): number {
    return this.#ready.length
  }

  /** Messages that are out to consumers and not settled. */
  get out(): number {
    return this.#out
  }

  get isFull(): boolean {
    return (
      this.#ready.length >= this.#limit('x-max-length') || this.#bytes >= this.#limit('x-max-length-bytes')
    )
  }

  push(frame: Frame): void {
    const expiration = Number(frame.properties.expiration ?? Number.POSITIVE_INFINITY)
    this.#add({
      frame,
      place: this.#places++,
      expiresAt: this.#clock.now() + Math.min(expiration, this.#limit('x-message-ttl')),
      failures: 0,
      returned: false,
      cancelExpiry: () => undefined,
    })
  }

  /** Loses messages that wait, as a broker does that ends before they are on its disk. */
  lose(isLost: (frame: Frame) => boolean): void {
    for (const entry of this.#ready.filter(({ frame }) => isLost(frame))) this.#remove(entry)
  }

  consume(prefetch: number, receive: (incoming: Incoming) => void): QueueHold {
    const subscriber: Subscriber = { prefetch, receive, unsettled: new Set() }
    this.#subscribers.push(subscriber)
    this.#schedule()
    const cancel = () => {
      this.#subscribers = this.#subscribers.filter((other) => other !== subscriber)
      this.#schedule()
    }
    return {
      cancel,
      drop: () => {
        cancel()
        for (const entry of [...subscriber.unsettled]) this.#fail(subscriber, entry)
      },
    }
  }

  #limit(argument: string): number {
    const value = this.plan.arguments[argument]
    return typeof value === 'number' ? value : Number.POSITIVE_INFINITY
  }

  #add(entry: Entry): void {
    const isLast = (this.#ready.at(-1)?.place ?? -1) < entry.place
    const after = isLast ? this.#ready.length : this.#ready.findIndex(({ place }) => place > entry.place)
    this.#ready.splice(after, 0, entry)
    this.#bytes += entry.frame.body.length
    if (entry.expiresAt !== Number.POSITIVE_INFINITY) {
      entry.cancelExpiry = this.#clock.after(Math.max(0, entry.expiresAt - this.#clock.now()), () => {
        this.#remove(entry)
        this.#onDeath(entry.frame, 'expired')
      })
    }
    this.#schedule()
  }

  #remove(entry: Entry): void {
    entry.cancelExpiry()
    this.#ready.splice(this.#ready.indexOf(entry), 1)
    this.#bytes -= entry.frame.body.length
  }

  /** Deliveries never happen inside the call that caused them. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#deliver()
    })
  }

  #deliver(): void {
    for (let entry = this.#ready[0]; entry !== undefined; entry = this.#ready[0]) {
      const subscriber = this.#nextSubscriber()
      if (subscriber === undefined) return
      this.#remove(entry)
      subscriber.unsettled.add(entry)
      this.#out += 1
      subscriber.receive(this.#incoming(subscriber, entry))
    }
  }

  /** The next one in turn that has room; with a single active consumer always the oldest. */
  #nextSubscriber(): Subscriber | undefined {
    const hasRoom = ({ prefetch, unsettled }: Subscriber) => unsettled.size < prefetch
    if (this.plan.arguments['x-single-active-consumer'] === true) {
      return this.#subscribers.slice(0, 1).find(hasRoom)
    }
    const next = this.#subscribers.find(hasRoom)
    if (next !== undefined) this.#subscribers = [...this.#subscribers.filter((other) => other !== next), next]
    return next
  }

  #incoming(subscriber: Subscriber, entry: Entry): Incoming {
    return new UnsettledMessage(
      { frame: entry.frame, redelivered: entry.returned },
      {
        isOut: () => subscriber.unsettled.has(entry),
        settle: (settlement) => this.#settle(subscriber, entry, settlement),
        isHeard: () => Promise.resolve(true),
      },
    )
  }

  #settle(subscriber: Subscriber, entry: Entry, settlement: Settlement): void {
    if (settlement === 'requeue') {
      this.#fail(subscriber, entry)
      return
    }
    if (!this.#takeBack(subscriber, entry)) return
    if (settlement === 'reject') this.#onDeath(entry.frame, 'rejected')
    if (settlement === 'release') this.#putBack(entry)
    this.#schedule()
  }

  #fail(subscriber: Subscriber, entry: Entry): void {
    if (!this.#takeBack(subscriber, entry)) return
    entry.failures += 1
    if (entry.failures > this.#limit('x-delivery-limit')) this.#onDeath(entry.frame, 'delivery_limit')
    else this.#putBack(entry)
    this.#schedule()
  }

  /** False when it was settled before. */
  #takeBack(subscriber: Subscriber, entry: Entry): boolean {
    if (!subscriber.unsettled.delete(entry)) return false
    this.#out -= 1
    return true
  }

  #putBack(entry: Entry): void {
    entry.returned = true
    // A quorum queue offers what came back in the order of its coming back, a classic one in that of its coming.
    if (this.plan.arguments['x-queue-type'] === 'quorum') entry.place = this.#returns++
    this.#add(entry)
  }
}
