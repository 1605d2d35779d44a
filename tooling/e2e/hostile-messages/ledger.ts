import type { Broker, BrokerLink, Frame, Incoming, SystemPlan } from '@posthorn/core/transport'

/** What has gone into one work queue, and what has become of it. */
export interface QueueCounts {
  /** By whoever it was, and each time that a copy came back. */
  sent: number
  /** Copies that its reader has put into a retry tier. */
  retried: number
  /** Copies that its reader has put into its dead queue. */
  buried: number
  acked: number
  /** Taken out of its dead queue, and those among them that the broker itself has put there. */
  dead: number
  deadByBroker: number
}

const NONE: QueueCounts = { sent: 0, retried: 0, buried: 0, acked: 0, dead: 0, deadByBroker: 0 }

/** Counts every message that passes, between those who send, the broker, and those who receive. */
export class Ledger {
  readonly #plan: SystemPlan
  readonly #queues = new Map<string, QueueCounts>()
  /** Answers that services gave. */
  replies = 0
  /** What came back because there is no queue for it. */
  returned = 0
  /** Codes of what could not be published for another reason. */
  readonly failures: string[] = []
  /** Links that were not up at some time. */
  readonly losses: string[] = []

  constructor(plan: SystemPlan) {
    this.#plan = plan
  }

  of(vhost: string, queue: string): QueueCounts {
    const key = `${vhost}/${queue}`
    const counts = this.#queues.get(key) ?? { ...NONE }
    this.#queues.set(key, counts)
    return counts
  }

  /** A dead letter was taken out. */
  died(vhost: string, queue: string, byBroker: boolean): void {
    const counts = this.of(vhost, queue)
    counts.dead += 1
    if (byBroker) counts.deadByBroker += 1
  }

  /** Work queues in which something is still to come to its end, in words. */
  open(): readonly string[] {
    return [...this.#queues].flatMap(([key, counts]) => {
      const { sent, retried, buried, acked, dead, deadByBroker } = counts
      const isOpen = sent + retried !== acked + deadByBroker || dead !== buried + deadByBroker
      return isOpen ? [`${key} ${JSON.stringify(counts)}`] : []
    })
  }

  /** What became of everything that was sent: it was applied, answered, or is dead. */
  totals() {
    const sums = { sent: 0, applied: 0, answered: this.replies, dead: 0 }
    for (const [key, { sent, retried, buried, acked, dead }] of this.#queues) {
      sums.sent += sent + retried
      sums.dead += dead
      if (!key.endsWith('/q.calls')) sums.applied += acked - buried
    }
    return sums
  }

  /** The broker, with everything that goes through it counted. */
  watch(broker: Broker): Broker {
    return {
      user: broker.user,
      promises: broker.promises,
      open: async (vhost, events) => {
        const link = await broker.open(vhost, {
          ...events,
          onState: (state, reason) => {
            if (state !== 'up') this.losses.push(`${broker.user} in ${vhost}: ${state}, ${reason}`)
            events.onState(state, reason)
          },
        })
        return this.#watched(link)
      },
    }
  }

  /** Something was published by another way. */
  published(vhost: string, { exchange, routingKey }: Pick<Frame, 'exchange' | 'routingKey'>): void {
    if (exchange === '' && routingKey.startsWith('amq.')) {
      this.replies += 1
      return
    }
    for (const queue of this.#queuesFor(vhost, exchange, routingKey)) {
      const [, work = queue, end = ''] = /^(.*)\.(dead|retry\.\d+s)$/.exec(queue) ?? []
      const counts = this.of(vhost, work)
      if (end === '') counts.sent += 1
      else if (end === 'dead') counts.buried += 1
      else counts.retried += 1
    }
  }

  #watched(link: BrokerLink): BrokerLink {
    const { vhost } = link
    return {
      vhost,
      get state() {
        return link.state
      },
      publish: async (frame, deadline) => {
        try {
          await link.publish(frame, deadline)
        } catch (error) {
          const { code } = error as { readonly code?: string }
          if (code === 'Unroutable') this.returned += 1
          else this.failures.push(`${code}: ${(error as Error).message.slice(0, 300)}`)
          throw error
        }
        this.published(vhost, frame)
      },
      consume: (queue, options, receive) =>
        link.consume(queue, options, (incoming) => receive(this.#counted(incoming, this.of(vhost, queue)))),
      check: (exchanges, queues) => link.check(exchanges, queues),
      declare: (plan) => link.declare(plan),
      close: (deadline) => link.close(deadline),
    }
  }

  #counted(incoming: Incoming, counts: QueueCounts): Incoming {
    return {
      frame: incoming.frame,
      redelivered: incoming.redelivered,
      get live() {
        return incoming.live
      },
      ack: () => {
        counts.acked += 1
        incoming.ack()
      },
      ackConfirmed: () => {
        counts.acked += 1
        return incoming.ackConfirmed()
      },
      reject: (requeue) => incoming.reject(requeue),
      release: () => incoming.release(),
    }
  }

  #queuesFor(vhost: string, exchange: string, routingKey: string): readonly string[] {
    if (exchange === '') return [routingKey]
    const bindings = this.#plan.vhosts.find(({ name }) => name === vhost)?.bindings ?? []
    return bindings
      .filter((one) => one.exchange === exchange && one.routingKey === routingKey)
      .map(({ queue }) => queue)
  }
}
