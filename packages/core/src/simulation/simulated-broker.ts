import { PosthornError } from '../errors.ts'
import type { Broker, Frame, LinkEvents } from '../external-bus/broker.ts'
import { InMemoryBroker } from '../external-bus/in-memory-broker.ts'
import type { InMemoryLink } from '../external-bus/in-memory-link.ts'
import type { SystemPlan } from '../external-bus/topology.ts'
import { type Actor, actor, BROKER } from './actor.ts'
import { FrameNames } from './frame-names.ts'
import type { Happened } from './happened.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'
import { SimulatedLink } from './simulated-link.ts'

/** All frames, or only copies of what has failed, for retry tiers and dead queues. */
export type FrameKind = 'frames' | 'copies'

/** For so long, in ms, a broker that is about to end confirms nothing more, at most. */
const LONGEST_SILENCE = 100

/** The in-memory broker at the other end of a network that can fail. */
export class SimulatedBroker {
  readonly actor: Actor = actor(BROKER)
  readonly names = new FrameNames()
  /** The broker itself, to look into. */
  readonly inner: InMemoryBroker
  /** How often the next frame arrives, unless once. */
  copies: { readonly count: number; readonly happened: Happened } | null = null
  /** How much longer, in ms, the next frame takes. */
  delay: { readonly ms: number; readonly happened: Happened } | null = null
  /** How many frames it refuses from now on, and of which kind. */
  refuses: { readonly kind: FrameKind; readonly count: number; readonly happened: Happened } | null = null
  isDown = false
  readonly #scheduler: Scheduler
  readonly #onAccepted: (user: string, frame: Frame) => void
  /** Not null when it is about to end: what it has taken since and not confirmed, by routing key and message. */
  #unconfirmed: Set<string> | null = null
  #links: SimulatedLink[] = []

  constructor(plan: SystemPlan, scheduler: Scheduler, onAccepted: (user: string, frame: Frame) => void) {
    this.inner = new InMemoryBroker({ plan, clock: scheduler.clockOf(this.actor) })
    this.#scheduler = scheduler
    this.#onAccepted = onAccepted
  }

  get links(): readonly SimulatedLink[] {
    return this.#links.filter(({ isOpen }) => isOpen)
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
    // Those too that are being closed: the broker has not heard of it.
    for (const link of this.#links) if (link.process === process) link.crash()
    this.#links = this.#links.filter((link) => link.process !== process)
  }

  nameOf(frame: Frame): string {
    return this.names.of(frame, frame.routingKey)
  }

  /** A frame arrives; `confirm` is told what the broker says to it, unless the connection is gone. */
  accept(far: InMemoryLink, frame: Frame, confirm: (error?: PosthornError) => void): void {
    if (far.state !== 'up') return
    const name = this.nameOf(frame)
    if (this.#refuses(frame, name)) {
      confirm(refused(name))
      return
    }
    for (let copies = this.takeCopies(name); copies > 0; copies--) {
      const isLast = copies === 1
      far.publish(frame, 0).then(
        () => {
          this.#onAccepted(far.user, frame)
          if (this.#unconfirmed !== null) this.#unconfirmed.add(keyOf(frame))
          else if (isLast) confirm()
        },
        (error: PosthornError) => {
          if (isLast) confirm(error)
        },
      )
    }
  }

  takeCopies(name: string): number {
    const { copies } = this
    this.copies = null
    copies?.happened(`${name} arrives ${copies.count} times`)
    return copies?.count ?? 1
  }

  takeDelay(what: string): number {
    const { delay } = this
    this.delay = null
    delay?.happened(`${what} takes ${delay.ms} ms longer`)
    return delay?.ms ?? 0
  }

  /** It confirms nothing more for a while, ends, losing what is not on its disk, and is back after `downFor` ms. */
  restart(random: Random, downFor: number, happened: Happened): void {
    if (this.#unconfirmed !== null) return
    this.#unconfirmed = new Set()
    this.#scheduler.after(this.actor, random.int(0, LONGEST_SILENCE), null, () => {
      const unconfirmed = this.#unconfirmed ?? new Set()
      this.#unconfirmed = null
      const lost = new Set([...unconfirmed].filter(() => random.chance(0.5)))
      happened(
        `the broker is away for ${downFor} ms; of ${unconfirmed.size} unconfirmed it loses ${lost.size}`,
      )
      this.#end(random, lost, downFor)
    })
  }

  #end(random: Random, lost: ReadonlySet<string>, downFor: number): void {
    this.isDown = true
    for (const link of this.links) link.reset(random.int(0, 100), random.int(10, 1_000))
    this.#scheduler.after(this.actor, 1, null, () =>
      this.inner.lose((frame) => frame.properties.persistent !== true || lost.has(keyOf(frame))),
    )
    this.#scheduler.after(this.actor, downFor, 'is there again', () => {
      this.isDown = false
    })
  }

  #refuses(frame: Frame, name: string): boolean {
    const { refuses } = this
    if (refuses === null || (refuses.kind === 'copies' && !isCopy(frame))) return false
    this.refuses = refuses.count > 1 ? { ...refuses, count: refuses.count - 1 } : null
    refuses.happened(`the broker refuses ${name}`)
    return true
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
