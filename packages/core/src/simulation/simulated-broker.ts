import { PosthornError } from '../errors.ts'
import type { Broker, Frame, LinkEvents } from '../external-bus/broker.ts'
import { InMemoryBroker } from '../external-bus/in-memory-broker.ts'
import type { InMemoryLink } from '../external-bus/in-memory-link.ts'
import type { SystemPlan } from '../external-bus/topology.ts'
import { type Actor, actor, BROKER } from './actor.ts'
import { FrameNames } from './frame-names.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import { SimulatedLink } from './simulated-link.ts'

/** All frames, or only copies of what has failed, for retry tiers and dead queues. */
export type FrameKind = 'frames' | 'copies'

/** For so long, in µs, what the broker has taken may not be on its disk. */
const UNSAFE = 20_000

/** The in-memory broker at the other end of a network that can fail. */
export class SimulatedBroker {
  readonly actor: Actor = actor(BROKER)
  readonly names = new FrameNames()
  /** The broker itself, to look into. */
  readonly inner: InMemoryBroker
  /** How often the next frame arrives. */
  copies = 1
  /** How much longer, in ms, the next frame takes. */
  delay = 0
  /** How many frames it refuses from now on, and of which kind. */
  refuses: { readonly kind: FrameKind; readonly count: number } = { kind: 'frames', count: 0 }
  isDown = false
  readonly #scheduler: Scheduler
  readonly #onAccepted: (user: string, frame: Frame) => void
  /** When they were taken, by routing key and message. */
  readonly #unsafe = new Map<string, number>()
  #links: SimulatedLink[] = []

  constructor(plan: SystemPlan, scheduler: Scheduler, onAccepted: (user: string, frame: Frame) => void) {
    this.inner = new InMemoryBroker({ plan, clock: scheduler.clockOf(this.actor) })
    this.#scheduler = scheduler
    this.#onAccepted = onAccepted
  }

  get links(): readonly SimulatedLink[] {
    this.#links = this.#links.filter(({ isOpen }) => isOpen)
    return this.#links
  }

  /** The broker as a process sees it. */
  connect(user: string, process: Actor): Broker {
    const inner = this.inner.connect(user)
    return {
      user,
      promises: inner.promises,
      open: (vhost, events) =>
        new Promise((resolve, reject) => {
          const { actor: broker } = this
          this.#scheduler.send(process, broker, `connect to ${vhost}`, () => {
            if (this.isDown) {
              this.#scheduler.send(broker, process, 'not there', () => reject(unreachable(vhost)))
              return
            }
            void this.#open(inner, vhost, process, events).then(
              (link) => this.#scheduler.send(broker, process, 'connected', () => resolve(link)),
              (error) => this.#scheduler.send(broker, process, 'refused', () => reject(error)),
            )
          })
        }),
    }
  }

  /** A process ends, and its connections with it. */
  reset(process: Actor): void {
    for (const link of this.links) if (link.process === process) link.crash()
  }

  nameOf(frame: Frame): string {
    return this.names.of(frame, frame.routingKey)
  }

  /** A frame arrives; `confirm` is told what the broker says to it, unless the connection is gone. */
  accept(far: InMemoryLink, frame: Frame, confirm: (error?: PosthornError) => void): void {
    if (far.state !== 'up') return
    const { kind, count } = this.refuses
    if (count > 0 && (kind === 'frames' || isCopy(frame))) {
      this.refuses = { kind, count: count - 1 }
      confirm(refused(this.nameOf(frame)))
      return
    }
    for (let copies = this.takeCopies(); copies > 0; copies--) {
      const isLast = copies === 1
      far.publish(frame, 0).then(
        () => {
          this.#unsafe.set(keyOf(frame), this.#scheduler.now)
          this.#onAccepted(far.user, frame)
          if (isLast) confirm()
        },
        (error: PosthornError) => {
          if (isLast) confirm(error)
        },
      )
    }
  }

  /** Its publisher has been told that it is. */
  isSafe(frame: Frame): void {
    this.#unsafe.delete(keyOf(frame))
  }

  takeCopies(): number {
    const { copies } = this
    this.copies = 1
    return copies
  }

  takeDelay(): number {
    const { delay } = this
    this.delay = 0
    return delay
  }

  /** It ends, losing what is not on its disk, and is back after `downFor` ms. */
  restart(random: Random, downFor: number): void {
    this.isDown = true
    for (const link of this.links) link.reset(random.int(0, 100), random.int(10, 1_000))
    const lost = new Set<string>()
    for (const [key, takenAt] of this.#unsafe) {
      if (this.#scheduler.now - takenAt < UNSAFE && random.chance(0.5)) lost.add(key)
    }
    this.#unsafe.clear()
    this.#scheduler.after(this.actor, 1, null, () =>
      this.inner.lose((frame) => frame.properties.persistent !== true || lost.has(keyOf(frame))),
    )
    this.#scheduler.after(this.actor, downFor, 'is there again', () => {
      this.isDown = false
    })
  }

  async #open(inner: Broker, vhost: string, process: Actor, events: LinkEvents): Promise<SimulatedLink> {
    let reply: (frame: Frame) => void = () => undefined
    const far = await inner.open(vhost, {
      onState: () => undefined,
      onReply: (frame) => reply(frame),
      onRepliesLost: () => undefined,
    })
    const link = new SimulatedLink(this, this.#scheduler, process, events, (onReply) => {
      reply = onReply
      // It is what the in-memory broker opens.
      return far as InMemoryLink
    })
    this.#links.push(link)
    return link
  }
}

function refused(name: string): PosthornError<'PublishRefused'> {
  return new PosthornError('PublishRefused', `The broker refuses ${name}`, {
    outcome: 'unknown',
    retryable: true,
  })
}

function isCopy({ routingKey }: Frame): boolean {
  return /\.(retry\.\w+|dead)$/.test(routingKey)
}

function keyOf({ routingKey, properties }: Frame): string {
  return `${routingKey} ${properties.messageId}`
}

function unreachable(vhost: string): PosthornError<'BrokerUnreachable'> {
  return new PosthornError('BrokerUnreachable', `No broker answers for ${vhost}`, {
    outcome: 'not-executed',
    retryable: true,
  })
}
