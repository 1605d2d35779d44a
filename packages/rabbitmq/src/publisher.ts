import { DIRECT_REPLY_TO, type Frame } from '@posthorn/core/transport'
import type { ConsumeMessage } from 'amqplib'
import { ConfirmLane } from './confirm-lane.ts'
import { KnownExchanges } from './known-exchanges.ts'
import { frameFrom } from './message-properties.ts'
import { neverLeft } from './publication.ts'
import type { Session } from './session.ts'

/** The broker is to be configured with the same `max_message_size`; exceeding it there would close the channel. */
const MAX_BODY = 2 ** 20

export interface ReplyEvents {
  onReply(frame: Frame): void
  onRepliesLost(): void
}

/**
 * Publishes on one connection. Calls have a channel of their own, on which their replies come back: a mishap with other
 * messages costs no call its answer, and a crowd of other messages holds none up.
 */
export class Publisher {
  readonly #messages: ConfirmLane
  readonly #calls: ConfirmLane

  constructor(user: string, events: ReplyEvents) {
    const receive = (message: ConsumeMessage | null) => {
      if (message !== null) events.onReply(frameFrom(message))
    }
    this.#messages = new ConfirmLane({ user })
    this.#calls = new ConfirmLane({
      user,
      prepare: (channel) => channel.consume(DIRECT_REPLY_TO, receive, { noAck: true }),
      onLost: () => events.onRepliesLost(),
    })
  }

  /** As `BrokerLink.publish`. */
  publish(frame: Frame, deadline: number): Promise<void> {
    const size = frame.body.length
    if (size > MAX_BODY) {
      return Promise.reject(neverLeft(frame, `its body has ${size} bytes, the limit is ${MAX_BODY}`, false))
    }
    const lane = frame.properties.replyTo === DIRECT_REPLY_TO ? this.#calls : this.#messages
    return lane.publish(frame, deadline)
  }

  /** Moves to a new session, and has it prove that it opens a channel. */
  async attach(session: Session): Promise<void> {
    const exchanges = new KnownExchanges(session)
    this.#messages.attach(session, exchanges)
    this.#calls.attach(session, exchanges)
    await this.#messages.open()
  }

  detach(reason: string): void {
    this.#messages.detach(reason)
    this.#calls.detach(reason)
  }

  block(reason: string | null): void {
    this.#messages.block(reason)
    this.#calls.block(reason)
  }

  /** Resolves when all is answered that has been published. */
  async idle(): Promise<void> {
    await Promise.all([this.#messages.idle(), this.#calls.idle()])
  }

  close(): void {
    this.#messages.close()
    this.#calls.close()
  }
}
