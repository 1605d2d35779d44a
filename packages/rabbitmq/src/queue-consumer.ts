import type { Consumer, Incoming } from '@posthorn/core/transport'
import type { Channel, ConsumeMessage } from 'amqplib'
import { Acks } from './acks.ts'
import { BackOff } from './back-off.ts'
import { type Loss, lossFrom } from './loss.ts'
import { QueueDrain } from './queue-drain.ts'
import { type Origin, ReceivedMessage } from './received-message.ts'
import type { Session } from './session.ts'

const nowhere = (): Origin => ({
  open: null,
  flush: () => Promise.reject(new Error('there is no channel')),
})

export interface QueueConsumerOptions {
  readonly queue: string
  readonly prefetch: number
  /** Without a delivery limit: in quarantine it is drained before it is consumed. */
  readonly expendable: boolean
  readonly receive: (incoming: Incoming) => void
  /** `trouble` has changed. */
  readonly onTrouble: () => void
}

/** One queue's consumer, with a channel of its own on each session in turn. */
export class QueueConsumer implements Consumer {
  readonly #options: QueueConsumerOptions
  readonly #backOff = new BackOff()
  #session: Session | null = null
  #origin: Origin = nowhere()
  #tag: string | null = null
  #drain: QueueDrain | null = null
  #quarantined = false
  #retry: NodeJS.Timeout | undefined
  #cancelled = false
  #trouble: string | null = null

  constructor(options: QueueConsumerOptions) {
    this.#options = options
  }

  /** Why it does not consume although its connection is up. */
  get trouble(): string | null {
    return this.#trouble
  }

  /**
   * Consumes on this session; in quarantine one message at a time.
   * @throws what the broker says
   */
  async attach(session: Session, quarantined = false): Promise<void> {
    if (this.#cancelled) return
    this.#session = session
    this.#quarantined = quarantined
    const origin: Origin = { open: null, flush: () => this.#flush(session, origin) }
    this.#origin = origin
    const channel = await session.channel((fresh) => {
      let loss: Loss = { kind: 'transient', reason: 'the channel was closed', code: null }
      origin.open = { channel: fresh, acks: new Acks(fresh) }
      fresh.on('error', (error) => {
        loss = lossFrom(error, true)
      })
      fresh.on('close', () => {
        const wasConsuming = origin.open !== null && this.#tag !== null
        origin.open = null
        if (this.#origin === origin && wasConsuming) this.#again(loss)
      })
    })
    if (quarantined && this.#options.expendable) this.#drainFirst(session, channel, origin)
    else await this.#subscribe(session, channel, origin)
    this.#backOff.succeeded()
    this.#report(null)
  }

  /** As `attach`, but for failures of this consumer alone: it tries again by itself. */
  async reattach(session: Session, quarantined: boolean): Promise<void> {
    this.#tag = null
    try {
      await this.attach(session, quarantined)
    } catch (error) {
      if (!session.alive) throw error
      this.#again(lossFrom(error, false))
    }
  }

  detach(): void {
    clearTimeout(this.#retry)
    this.#session = null
    this.#tag = null
    this.#origin.open = null
  }

  /** A subscription cannot change its own prefetch, so there is a new one. */
  async endQuarantine(): Promise<void> {
    const session = this.#session
    const origin = this.#origin
    const tag = this.#tag
    if (!this.#quarantined || session === null) return
    this.#quarantined = false
    if (this.#options.prefetch === 1) return
    const channel = origin.open?.channel
    if (channel === undefined || tag === null) return
    this.#tag = null
    try {
      await session.answer(channel.cancel(tag))
      if (!this.#cancelled && origin.open !== null) await this.#subscribe(session, channel, origin)
    } catch (error) {
      if (session.alive) this.#again(lossFrom(error, false))
    }
  }

  async cancel(): Promise<void> {
    if (this.#cancelled) return
    this.#cancelled = true
    clearTimeout(this.#retry)
    this.#report(null)
    await this.#drain?.stop()
    const { open } = this.#origin
    const tag = this.#tag
    this.#tag = null
    if (open === null || tag === null || this.#session === null) return
    try {
      await this.#session.answer(open.channel.cancel(tag))
    } catch {
      // The channel has gone, and the subscription with it.
    }
  }

  /** Hands the broker all that has been settled; what has not been it gives to somebody else. */
  async close(): Promise<void> {
    await this.cancel()
    const { open } = this.#origin
    const session = this.#session
    this.#origin.open = null
    if (open === null || session === null) return
    open.acks.flush()
    try {
      await session.answer(open.channel.close())
    } catch {
      // It was closed already.
    }
  }

  /** In the background: it takes as long as the handlers take. */
  #drainFirst(session: Session, channel: Channel, origin: Origin): void {
    const { queue, prefetch, receive } = this.#options
    this.#drain = new QueueDrain({ session, channel, queue, limit: prefetch, receive })
    this.#drain
      .run()
      .then(() => (this.#cancelled ? undefined : this.#subscribe(session, channel, origin)))
      .catch((error: unknown) => {
        if (session.alive && this.#origin === origin) this.#again(lossFrom(error, false))
      })
  }

  async #subscribe(session: Session, channel: Channel, origin: Origin): Promise<void> {
    await session.answer(this.#limit(channel))
    const receive = (message: ConsumeMessage | null) => this.#receive(message, origin)
    const { consumerTag } = await session.answer(channel.consume(this.#options.queue, receive))
    if (this.#cancelled) await session.answer(channel.cancel(consumerTag))
    if (this.#cancelled || this.#origin !== origin) return
    // Closed by what came along with the broker's answer.
    if (origin.open === null) throw new Error('the channel was closed')
    this.#tag = consumerTag
  }

  #limit(channel: Channel): Promise<unknown> {
    return channel.prefetch(this.#quarantined ? 1 : this.#options.prefetch)
  }

  /** The broker answers on each channel in order, and to be limited as before changes nothing. */
  async #flush(session: Session, { open }: Origin): Promise<unknown> {
    if (open === null) throw new Error('the channel was closed')
    open.acks.flush()
    return session.answer(this.#limit(open.channel))
  }

  #receive(message: ConsumeMessage | null, origin: Origin): void {
    if (message === null) this.#gone(origin)
    else if (this.#cancelled) new ReceivedMessage(message, origin).release()
    else this.#options.receive(new ReceivedMessage(message, origin))
  }

  /** The queue was deleted or has lost its leader; on RabbitMQ 4.3 also when a handler took too long. */
  #gone(origin: Origin): void {
    if (this.#origin !== origin || this.#cancelled) return
    const { open } = origin
    origin.open = null
    open?.acks.flush()
    if (open !== null) this.#session?.answer(open.channel.close()).catch(() => undefined)
    this.#again({
      kind: 'transient',
      reason: `the broker cancelled the subscription to ${this.#options.queue}`,
      code: null,
    })
  }

  #again(loss: Loss): void {
    if (this.#cancelled || this.#session === null) return
    this.#tag = null
    this.#report(loss.reason)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      const session = this.#session
      if (session?.alive === true) this.reattach(session, this.#quarantined).catch(() => undefined)
    }, this.#backOff.next(loss.kind))
  }

  #report(trouble: string | null): void {
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    this.#options.onTrouble()
  }
}
