import type { VhostPlan } from './topology.ts'

/**
 * What the external bus needs of a broker: a narrow view of AMQP 0-9-1 as one authenticated user. RabbitMQ implements
 * it over amqplib, the in-memory broker in a few data structures; everything above runs unchanged on either.
 */
export interface Broker {
  /** The user as whom all links are authenticated: the domain's or client's name. */
  readonly user: string
  /** What this transport promises; the contract suite tests that, and only that. */
  readonly promises: BrokerPromises
  /**
   * Connects to a vhost. Afterwards the link repairs itself: it reconnects, with its consumers, until closed.
   * @throws {PosthornError} `BrokerUnreachable` (retryable), `AccessRefused`
   */
  open(vhost: string, events: LinkEvents): Promise<BrokerLink>
}

/** What a transport guarantees about messages, on which handlers may rely. */
export interface BrokerPromises {
  /** Messages outlive the broker's restart. */
  readonly durable: boolean
  /** A queue's messages reach a single consumer with prefetch 1 in the order published. */
  readonly ordered: boolean
}

/** What a link tells the bus that opened it. None of these may throw. */
export interface LinkEvents {
  /** The link's state has changed. */
  onState(state: LinkState, reason: string | null): void
  /** A reply to a frame that this link published with `replyTo: DIRECT_REPLY_TO`. */
  onReply(frame: Frame): void
  /** The connection that would have carried replies was lost: no call in flight will be answered. */
  onRepliesLost(): void
}

/** Whether a link can publish: `blocked` is connected, but the broker takes nothing at present. */
export type LinkState = 'connecting' | 'up' | 'blocked' | 'down'

/** The pseudo-queue that has the broker bring replies back to the publishing channel. */
export const DIRECT_REPLY_TO = 'amq.rabbitmq.reply-to'

/** One user's way to one vhost, over any number of connections. Safe to use concurrently. */
export interface BrokerLink {
  readonly vhost: string
  readonly state: LinkState
  /**
   * Publishes one frame, mandatory and with publisher confirm, as the link's user (`user-id` is always set). While the
   * link is blocked, down or full this waits, up to `deadline`.
   *
   * @param deadline in ms from now
   * @throws {PosthornError} `Unroutable` (not-executed: returned by the broker), `PublishRefused` (unknown: negative
   * confirm), `ConnectionLost` (unknown), `PublishTimeout` (unknown), `BrokerUnreachable` (not-executed: waited in vain),
   * `PublishFailed` (not-executed: never left, for example a missing exchange or too large a body)
   */
  publish(frame: Frame, deadline: number): Promise<void>
  /**
   * Delivers a queue's messages until cancelled, over any number of reconnects. `receive` must not throw; it settles
   * each message once, in its own time.
   * @throws {PosthornError} `PermissionNotProvisioned`, `TopologyMismatch` when the queue is not there;
   * `BrokerUnreachable`, also when the link is closed
   */
  consume(queue: string, options: ConsumeOptions, receive: (incoming: Incoming) => void): Promise<Consumer>
  /**
   * Checks passively that the exchanges and queues exist that this user writes or reads.
   * @throws {PosthornError} `PermissionNotProvisioned` naming what is missing
   */
  check(exchanges: readonly string[], queues: readonly string[]): Promise<void>
  /** Declares a vhost's objects itself, for development. @throws {PosthornError} `TopologyMismatch` naming the argument */
  declare(plan: VhostPlan): Promise<void>
  /** Confirms what was published, flushes acks, closes; all within `deadline` ms. Never throws. */
  close(deadline: number): Promise<void>
}

/** How a queue is consumed. */
export interface ConsumeOptions {
  /** How many unsettled messages the broker may have out to this consumer. */
  readonly prefetch: number
  /**
   * For a queue without a delivery limit whose messages may be lost in need: where a message cannot even be received,
   * the transport may take this one, and others for a while, off the queue for good. Default false.
   */
  readonly expendable?: boolean
}

/** The hold on a queue that `consume` gives. */
export interface Consumer {
  /** No message is delivered after this has resolved; those delivered may still be settled. */
  cancel(): Promise<void>
}

/** A message on its way in. Settling twice, or after its connection has gone, is a no-op. */
export interface Incoming {
  readonly frame: Frame
  readonly redelivered: boolean
  /** Whether it can still be settled: neither has it been, nor has its connection gone. */
  readonly live: boolean
  /** Removes the message for good. */
  ack(): void
  /**
   * As `ack`, and resolves once the broker has heard of it; with false when the connection went first, or does not answer:
   * then the message may be delivered again.
   */
  ackConfirmed(): Promise<boolean>
  /** Counts a failed delivery. With `requeue` the queue offers it again until its delivery limit. */
  reject(requeue: boolean): void
  /** Hands it back unharmed, at shutdown: not a failure. */
  release(): void
}

/** One message on the wire, in AMQP's terms. Absent properties are absent on the wire. */
export interface Frame {
  readonly exchange: string
  readonly routingKey: string
  readonly body: Uint8Array
  readonly properties: FrameProperties
}

/** AMQP's basic properties, those that Posthorn uses. */
export interface FrameProperties {
  readonly type?: string
  readonly messageId?: string
  readonly correlationId?: string
  /** Set by the link on the way out; on the way in, vouched for by the broker. */
  readonly userId?: string
  readonly appId?: string
  readonly replyTo?: string
  /** In ms, as AMQP's decimal string. */
  readonly expiration?: string
  /** Seconds since 1970. */
  readonly timestamp?: number
  readonly contentType?: string
  readonly contentEncoding?: string
  readonly persistent?: boolean
  readonly headers?: Readonly<Record<string, unknown>>
}
