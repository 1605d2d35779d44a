import type { Frame, Incoming } from '@posthorn/core/transport'
import type { Channel, ConsumeMessage } from 'amqplib'
import { frameFrom } from './message-properties.ts'

/** Where a message was delivered. */
export interface Origin {
  /** As long as it is open; null ever after. */
  channel: Channel | null
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
    this.frame = frameFrom(message, origin.channel)
    this.redelivered = message.fields.redelivered
    this.#message = message
    this.#origin = origin
  }

  get live(): boolean {
    return this.#origin !== null && this.#origin.channel !== null
  }

  ack(): void {
    this.#settle('ack')
  }

  async ackConfirmed(): Promise<boolean> {
    const origin = this.#origin
    if (origin === null || origin.channel === null) return false
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
    const channel = this.#origin?.channel ?? null
    this.#origin = null
    if (channel === null) return
    try {
      if (how === 'ack') channel.ack(this.#message)
      else if (how === 'release') channel.nack(this.#message, false, true)
      // Not nack: from RabbitMQ 4.3 on that does not count towards the delivery limit.
      else channel.reject(this.#message, how === 'retry')
    } catch {
      // The channel is closing: the broker gives the message to somebody again.
    }
  }
}
