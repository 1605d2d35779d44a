import type { Frame, Incoming } from './broker.ts'

/** How a delivery ends: `requeue` and `reject` count as failures, `release` does not. */
export type Settlement = 'ack' | 'requeue' | 'reject' | 'release'

/** Who has given out a message. */
interface Giver {
  readonly isOut: () => boolean
  /** Ends the delivery, unless it has ended. */
  readonly settle: (settlement: Settlement) => void
  /** Whether all that has been settled has been heard of; false once that will not be known. */
  readonly isHeard: () => Promise<boolean>
}

/** A message that is out to a consumer, for brokers in memory. */
export class UnsettledMessage implements Incoming {
  readonly frame: Frame
  readonly redelivered: boolean
  readonly #giver: Giver

  constructor({ frame, redelivered }: Pick<Incoming, 'frame' | 'redelivered'>, giver: Giver) {
    this.frame = frame
    this.redelivered = redelivered
    this.#giver = giver
  }

  get live(): boolean {
    return this.#giver.isOut()
  }

  ack(): void {
    this.#giver.settle('ack')
  }

  async ackConfirmed(): Promise<boolean> {
    if (!this.live) return false
    this.ack()
    return this.#giver.isHeard()
  }

  reject(requeue: boolean): void {
    this.#giver.settle(requeue ? 'requeue' : 'reject')
  }

  release(): void {
    this.#giver.settle('release')
  }
}
