import type { Frame, Incoming } from '@posthorn/core/transport'
import type { Channel, GetMessage } from 'amqplib'
import { frameFrom } from './message-properties.ts'
import type { Session } from './session.ts'

export interface QueueDrainOptions {
  readonly session: Session
  readonly channel: Channel
  readonly queue: string
  /** How many messages may be unsettled. */
  readonly limit: number
  readonly receive: (incoming: Incoming) => void
}

/**
 * Takes all that is in a queue, one by one and for good. What kills the connection then does so once: nothing brings it
 * back, and it takes no other message with it.
 */
export class QueueDrain {
  readonly #options: QueueDrainOptions
  #unsettled = 0
  #stopped = false
  #wake: (() => void) | null = null
  #running: Promise<void> | null = null

  constructor(options: QueueDrainOptions) {
    this.#options = options
  }

  /** Resolves when the queue is empty, or it was told to stop. */
  run(): Promise<void> {
    this.#running = this.#run()
    return this.#running
  }

  /** Nothing is taken after this has resolved. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake?.()
    await this.#running?.catch(() => undefined)
  }

  async #run(): Promise<void> {
    const { session, channel, queue, limit, receive } = this.#options
    while (!this.#stopped) {
      if (this.#unsettled >= limit) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      const message = await session.answer(channel.get(queue, { noAck: true }))
      if (message === false) return
      this.#unsettled += 1
      receive(new TakenMessage(message, channel, () => this.#settled()))
    }
  }

  #settled(): void {
    this.#unsettled -= 1
    this.#wake?.()
  }
}

/** A message that the broker has forgotten already: settling it is for the count only. */
class TakenMessage implements Incoming {
  readonly frame: Frame
  readonly redelivered: boolean
  #onSettled: (() => void) | null

  constructor(message: GetMessage, channel: Channel, onSettled: () => void) {
    this.frame = frameFrom(message, channel)
    this.redelivered = message.fields.redelivered
    this.#onSettled = onSettled
  }

  get live(): boolean {
    return this.#onSettled !== null
  }

  ack(): void {
    this.#onSettled?.()
    this.#onSettled = null
  }

  async ackConfirmed(): Promise<boolean> {
    this.ack()
    return true
  }

  reject(_requeue: boolean): void {
    this.ack()
  }

  release(): void {
    this.ack()
  }
}
