import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import {
  type BrokerLink,
  type ConsumeOptions,
  type Consumer,
  DIRECT_REPLY_TO,
  type Frame,
  type Incoming,
  type LinkEvents,
  type LinkState,
} from './broker.ts'
import type { QueueHold } from './in-memory-queue.ts'
import type { InMemoryVhost } from './in-memory-vhost.ts'
import type { VhostPlan } from './topology.ts'

/** A consumer over all reconnects; once cancelled it has no `again`, but its last hold until all is settled. */
interface Attachment {
  /** Undefined until the link is up for the first time. */
  hold: QueueHold | undefined
  again: (() => QueueHold) | undefined
}

/** One user's connection to a vhost of the in-memory broker. */
export class InMemoryLink implements BrokerLink {
  readonly vhost: string
  readonly user: string
  readonly #place: InMemoryVhost
  readonly #events: LinkEvents
  readonly #clock: Clock
  readonly #attachments = new Set<Attachment>()
  readonly #waiting = new Set<() => void>()
  #state: LinkState = 'connecting'
  #closed = false
  #replies: { readonly address: string; readonly remove: () => void } | undefined

  constructor(vhost: string, user: string, place: InMemoryVhost, events: LinkEvents, clock: Clock) {
    this.vhost = vhost
    this.user = user
    this.#place = place
    this.#events = events
    this.#clock = clock
    this.connect()
  }

  get state(): LinkState {
    return this.#state
  }

  get isClosed(): boolean {
    return this.#closed
  }

  async publish(frame: Frame, deadline: number): Promise<void> {
    await this.#untilUp(deadline)
    const { replyTo } = frame.properties
    this.#place.publish(this.user, {
      ...frame,
      properties: {
        ...frame.properties,
        userId: this.user,
        ...(replyTo === DIRECT_REPLY_TO ? { replyTo: this.#replies?.address ?? '' } : {}),
      },
    })
  }

  async consume(
    name: string,
    { prefetch }: ConsumeOptions,
    receive: (incoming: Incoming) => void,
  ): Promise<Consumer> {
    if (this.#closed) throw this.#lost()
    const queue = this.#place.queue(name)
    if (queue === undefined || !this.#place.offers(this.user, 'read', name)) throw this.#missing([name])
    const attach = () => queue.consume(prefetch, receive)
    const attachment: Attachment = {
      hold: this.#state === 'up' ? attach() : undefined,
      again: attach,
    }
    this.#attachments.add(attachment)
    return {
      cancel: async () => {
        attachment.hold?.cancel()
        attachment.again = undefined
      },
    }
  }

  async check(exchanges: readonly string[], queues: readonly string[]): Promise<void> {
    const missing = [
      ...exchanges.filter((name) => !this.#place.offers(this.user, 'write', name)),
      ...queues.filter((name) => !this.#place.offers(this.user, 'read', name)),
    ]
    if (missing.length > 0) throw this.#missing(missing)
  }

  async declare(plan: VhostPlan): Promise<void> {
    this.#place.declare(this.user, plan)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#leave('closed')
    for (const wake of [...this.#waiting]) wake()
  }

  connect(): void {
    if (this.#closed || this.#state === 'up') return
    this.#replies = this.#place.addReplyAddress((frame) => this.#events.onReply(frame))
    for (const attachment of this.#attachments) {
      if (attachment.again !== undefined) attachment.hold = attachment.again()
    }
    this.#become('up', null)
    for (const wake of [...this.#waiting]) wake()
  }

  /** Breaks the connection; what was out goes back to its queues. */
  disconnect(): void {
    if (this.#closed || this.#state !== 'up') return
    this.#leave('connection lost')
    this.#events.onRepliesLost()
  }

  #leave(reason: string): void {
    this.#replies?.remove()
    for (const { hold } of this.#attachments) hold?.drop()
    this.#become('down', reason)
  }

  #become(state: LinkState, reason: string | null): void {
    this.#state = state
    this.#events.onState(state, reason)
  }

  async #untilUp(deadline: number): Promise<void> {
    const end = this.#clock.now() + deadline
    while (!this.#closed && this.#state !== 'up') {
      if (this.#clock.now() >= end) {
        throw new PosthornError('BrokerUnreachable', `${this.vhost} was out of reach for ${deadline} ms`, {
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
        const cancel = this.#clock.after(end - this.#clock.now(), wake)
        this.#waiting.add(wake)
      })
    }
    if (this.#closed) throw this.#lost()
  }

  #lost(): PosthornError<'ConnectionLost'> {
    return new PosthornError('ConnectionLost', `The link to ${this.vhost} is closed`, { outcome: 'unknown' })
  }

  #missing(names: readonly string[]): PosthornError<'PermissionNotProvisioned'> {
    return new PosthornError(
      'PermissionNotProvisioned',
      `${this.user} cannot use ${names.join(', ')} in ${this.vhost}; provision the broker with the system's plan`,
      { details: { vhost: this.vhost, missing: names } },
    )
  }
}
