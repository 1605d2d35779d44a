import type { ConfirmChannel, Message } from 'amqplib'
import { channelInternals } from './amqplib-internals.ts'
import { lossFrom } from './loss.ts'
import { publishFields, publishProperties } from './message-properties.ts'
import { connectionLost, neverLeft, type Publication, refused, timedOut, unroutable } from './publication.ts'

/** Messages, and bytes, that may be published and not yet confirmed. */
const MAX_MESSAGES = 256
const MAX_BYTES = 8 * 2 ** 20

/**
 * What is published on one confirm channel and not yet confirmed. Keeps its own books by delivery tag instead of
 * amqplib's callbacks, which cannot tell a negative confirm from a lost channel.
 */
export class ConfirmWindow {
  readonly #channel: ConfirmChannel
  readonly #user: string
  readonly #onProgress: () => void
  /** By delivery tag, in the order published. */
  readonly #inFlight = new Map<number, Publication>()
  #lastTag = 0
  #bytes = 0
  #lastProgress = 0

  constructor(channel: ConfirmChannel, user: string, onProgress: () => void) {
    this.#channel = channel
    this.#user = user
    this.#onProgress = onProgress
    channel.on('ack', ({ deliveryTag, multiple }) => this.#confirmed(deliveryTag, multiple, true))
    channel.on('nack', ({ deliveryTag, multiple }) => this.#confirmed(deliveryTag, multiple, false))
    channel.on('return', (message) => this.#returned(message))
  }

  get size(): number {
    return this.#inFlight.size
  }

  hasRoomFor(bytes: number): boolean {
    const { size } = this.#inFlight
    return size < MAX_MESSAGES && (size === 0 || this.#bytes + bytes <= MAX_BYTES)
  }

  /** For how long (ms) messages have been waiting for any sign of the broker. */
  silence(now: number): number {
    return this.#inFlight.size === 0 ? 0 : now - this.#lastProgress
  }

  /** The broker was not to be expected to answer until now. */
  excuseSilence(): void {
    this.#lastProgress = performance.now()
  }

  send(publication: Publication): void {
    const { frame } = publication
    try {
      channelInternals(this.#channel).sendMessage(
        publishFields(frame),
        publishProperties(frame, this.#user),
        buffer(frame.body),
      )
    } catch (error) {
      // Nothing has been written: amqplib encodes first, and finds a closed channel before it writes.
      publication.reject(neverLeft(frame, lossFrom(error, false).reason, false))
      return
    }
    if (this.#inFlight.size === 0) this.excuseSilence()
    this.#lastTag += 1
    this.#inFlight.set(this.#lastTag, publication)
    this.#bytes += frame.body.length
  }

  /** Answers what is overdue. Its place stays taken: the broker still has it. */
  expire(now: number): void {
    for (const publication of this.#inFlight.values()) {
      if (publication.expired || publication.expiresAt > now) continue
      publication.expired = true
      publication.reject(timedOut(publication.frame))
    }
  }

  /** The channel has gone, and with it all confirms still to come. */
  fail(reason: string): void {
    const lost = [...this.#inFlight.values()]
    this.#inFlight.clear()
    for (const { expired, reject, frame } of lost) {
      if (!expired) reject(connectionLost(frame, reason))
    }
  }

  #confirmed(tag: number, multiple: boolean, accepted: boolean): void {
    this.excuseSilence()
    if (multiple) {
      for (const earlier of this.#inFlight.keys()) {
        if (earlier > tag) break
        this.#settle(earlier, accepted)
      }
    } else {
      this.#settle(tag, accepted)
    }
    this.#onProgress()
  }

  #settle(tag: number, accepted: boolean): void {
    const publication = this.#inFlight.get(tag)
    if (publication === undefined) return
    this.#inFlight.delete(tag)
    this.#bytes -= publication.frame.body.length
    if (publication.expired) return
    if (publication.returned !== null) publication.reject(unroutable(publication.frame, publication.returned))
    else if (accepted) publication.resolve()
    else publication.reject(refused(publication.frame))
  }

  /** A message is returned before it is confirmed, and equal ones in the order in which they were published. */
  #returned({ fields, properties }: Message): void {
    for (const publication of this.#inFlight.values()) {
      const { exchange, routingKey, properties: own } = publication.frame
      if (
        publication.returned === null &&
        own.messageId === properties.messageId &&
        routingKey === fields.routingKey &&
        exchange === fields.exchange
      ) {
        publication.returned = 'replyText' in fields ? String(fields.replyText) : 'NO_ROUTE'
        return
      }
    }
  }
}

function buffer(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
