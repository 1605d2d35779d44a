import { type Clock, systemClock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import { type Broker, DIRECT_REPLY_TO, type Frame, type LinkEvents } from './broker.ts'
import { InMemoryLink } from './in-memory-link.ts'
import { InMemoryVhost } from './in-memory-vhost.ts'
import { deadQueue } from './names.ts'
import type { SystemPlan } from './topology.ts'

export interface QueueState {
  readonly vhost: string
  readonly name: string
  /** Those that wait, oldest first. */
  readonly waiting: readonly Frame[]
  readonly out: number
}

/**
 * A broker in this process, for tests and for demos without RabbitMQ: the same vhosts, permissions, keys, redelivery
 * and replies, from the same plan. It keeps nothing over the end of the process.
 */
export class InMemoryBroker {
  readonly #clock: Clock
  readonly #vhosts = new Map<string, InMemoryVhost>()
  readonly #links = new Map<string, readonly InMemoryLink[]>()

  constructor(options: { readonly plan?: SystemPlan; readonly clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock
    if (options.plan !== undefined) this.apply(options.plan)
  }

  /** Makes the broker as planned; what is in its queues stays. @throws {PosthornError} `TopologyMismatch` */
  apply(plan: SystemPlan): void {
    for (const vhostPlan of plan.vhosts) {
      const vhost = this.#vhosts.get(vhostPlan.name) ?? new InMemoryVhost(this.#clock)
      this.#vhosts.set(vhostPlan.name, vhost)
      vhost.apply(vhostPlan)
    }
  }

  /** The broker as one user sees it. */
  connect(user: string): Broker {
    return {
      user,
      promises: { durable: false, ordered: true },
      open: async (vhost: string, events: LinkEvents) => {
        const link = new InMemoryLink(vhost, user, this.#admit(user, vhost), events, this.#clock)
        const open = [...(this.#links.get(user) ?? [])].filter(({ isClosed }) => !isClosed)
        this.#links.set(user, [...open, link])
        return link
      },
    }
  }

  /**
   * Publishes a frame as it is, as a client does that is none of ours; `userId` is checked when it is there.
   *
   * @throws {PosthornError} as `BrokerLink.publish`
   */
  async inject(user: string, vhost: string, frame: Frame): Promise<void> {
    if (frame.properties.replyTo === DIRECT_REPLY_TO) {
      throw new PosthornError('PublishFailed', 'A direct reply needs a link that receives it', {
        outcome: 'not-executed',
      })
    }
    this.#admit(user, vhost).publish(user, frame)
  }

  /** What has been given up of a queue, oldest first. */
  deadLetters(vhost: string, queue: string): readonly Frame[] {
    return this.#queue(vhost, deadQueue(queue)).waiting
  }

  /** How many messages wait in a queue, without those that are being handled. */
  queueDepth(vhost: string, queue: string): number {
    return this.#queue(vhost, queue).waiting.length
  }

  /** What each queue holds: messages that wait, and those that are out to consumers. */
  queues(): readonly QueueState[] {
    return [...this.#vhosts].flatMap(([vhost, { queues }]) =>
      [...queues].map(({ plan, waiting, out }) => ({ vhost, name: plan.name, waiting, out })),
    )
  }

  /** How many messages wait or are out to consumers, those in dead queues excepted. */
  get unsettled(): number {
    let count = 0
    for (const { queues } of this.#vhosts.values()) {
      for (const { plan, size, out } of queues) if (!plan.name.endsWith(deadQueue(''))) count += size + out
    }
    return count
  }

  /** Loses messages that wait, as a broker does that ends before they are on its disk. */
  lose(isLost: (frame: Frame) => boolean): void {
    for (const { queues } of this.#vhosts.values()) for (const queue of queues) queue.lose(isLost)
  }

  /** Breaks all of a user's connections, as a network does. They come back by themselves after 10 ms. */
  disconnect(user: string): void {
    for (const link of this.#links.get(user) ?? []) {
      if (link.isClosed) continue
      link.disconnect()
      this.#clock.after(RECONNECT_AFTER, () => link.connect())
    }
  }

  #queue(vhost: string, name: string) {
    const queue = this.#vhosts.get(vhost)?.queue(name)
    if (queue === undefined)
      throw new PosthornError('TopologyMismatch', `There is no queue ${name} in ${vhost}`)
    return queue
  }

  #admit(user: string, name: string): InMemoryVhost {
    const vhost = this.#vhosts.get(name)
    if (vhost?.admits(user) === true) return vhost
    throw new PosthornError('AccessRefused', `${user} has no access to the vhost ${name}`, {
      outcome: 'not-executed',
    })
  }
}

/** In ms. */
const RECONNECT_AFTER = 10
