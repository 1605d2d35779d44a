import type { Frame, Incoming } from '@posthorn/core/transport'
import type { Channel, ConsumeMessage } from 'amqplib'
import type { Acks } from './acks.ts'
import { frameFrom } from './message-properties.ts'

/** Where a message was delivered. */
export interface Origin {
  /** As long as it is open; null ever after. */
  open: { readonly channel: Channel; readonly acks: Acks } | null
  /** Resolves once the broker has read what was sent on the channel. */
  readonly flush: () => Promise<unknown>
}

/**
 * A delivered message. It can be settled only where it came from: delivery tags start anew on each channel, and a late
 * ack on a new one would acknowledge another message.
 */
export class ReceivedMessage implements Incoming {
  readonly frame: Frame
  readonly redelivered: boolean
  readonly #message: ConsumeMessage
  #origin: Origin | null

  constructor(message: ConsumeMessage, origin: Origin) {
    this.frame = frameFrom(message, origin.open?.channel)
    origin.open?.acks.delivered(message)
    this.redelivered = message.fields.redelivered
    this.#message = message
    this.#origin = origin
  }

  get live(): boolean {
    return this.#origin !== null && this.#origin.open !== null
  }

  ack(): void {
    this.#settle('ack')
  }

  async ackConfirmed(): Promise<boolean> {
    const origin = this.#origin
    if (origin === null || origin.open === null) return false
    this.ack()
    try {
      await origin.flush()
      return true
    } catch {
      return false
    }
  }

  reject(requeue: boolean): void {
    this.#settle(requeue ? 'retry' : 'drop')
  }

  release(): void {
    this.#settle('release')
  }

  #settle(how: 'ack' | 'retry' | 'drop' | 'release'): void {
    const open = this.#origin?.open ?? null
    this.#origin = null
    if (open === null) return
    const { channel, acks } = open
    if (how === 'ack') {
      acks.ack(this.#message)
      return
    }
    acks.settled(this.#message)
    try {
      if (how === 'release') channel.nack(this.#message, false, true)
      // Not nack: from RabbitMQ 4.3 on that does not count towards the delivery limit.
      else channel.reject(this.#message, how === 'retry')
    } catch {
      // The channel is closing: the broker gives the message to somebody again.
    }
  }
}
