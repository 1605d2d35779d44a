import type { Channel, ConsumeMessage } from 'amqplib'

/**
 * What one channel has delivered and not heard about. Acks of one turn of the event loop leave together, in one frame for
 * all those before which nothing is still being handled: to the broker and to us a frame for each costs more than all else
 * about an ack.
 */
export class Acks {
  readonly #channel: Channel
  /** Delivery tags, which the broker counts up. */
  readonly #unsettled = new Set<number>()
  #acked: ConsumeMessage[] = []

  constructor(channel: Channel) {
    this.#channel = channel
  }

  delivered({ fields }: ConsumeMessage): void {
    this.#unsettled.add(fields.deliveryTag)
  }

  ack(message: ConsumeMessage): void {
    this.#unsettled.delete(message.fields.deliveryTag)
    if (this.#acked.push(message) === 1) process.nextTick(() => this.flush())
  }

  /** It was rejected or handed back: no ack may speak for it. */
  settled({ fields }: ConsumeMessage): void {
    this.#unsettled.delete(fields.deliveryTag)
  }

  flush(): void {
    const acked = this.#acked
    this.#acked = []
    const [oldest = Number.POSITIVE_INFINITY] = this.#unsettled
    try {
      let newest: ConsumeMessage | undefined
      for (const message of acked) {
        const { deliveryTag } = message.fields
        if (deliveryTag > oldest) this.#channel.ack(message)
        else if (newest === undefined || newest.fields.deliveryTag < deliveryTag) newest = message
      }
      if (newest !== undefined) this.#channel.ack(newest, true)
    } catch {
      // The channel is closing: the broker gives the messages to somebody again.
    }
  }
}
