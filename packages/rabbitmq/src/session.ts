import type { ConnectionOptions } from 'node:tls'
import { type Channel, type ChannelModel, type ConfirmChannel, connect, credentials } from 'amqplib'
import type { Endpoint } from './amqp-url.ts'
import { connectionInternals } from './amqplib-internals.ts'
import { withDeadline } from './deadline.ts'
import { encodeOurselves } from './encode-ourselves.ts'
import { frameByFrame } from './frame-by-frame.ts'
import { joinWrites } from './join-writes.ts'
import { type Loss, lossFrom } from './loss.ts'
import { writeDirectly } from './write-directly.ts'

/**
 * What a private certificate authority or a client certificate takes; each is PEM. The broker's certificate is always
 * checked: its authority, its dates, and that it is for the host of the URL (or `servername`).
 */
export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername'>

export interface SessionTarget {
  readonly endpoint: Endpoint
  readonly vhost: string
  /** Shown by the broker's tools. */
  readonly name: string
  readonly tls: TlsOptions | undefined
}

export interface SessionEvents {
  /** Called once, never by `close`. */
  onLost(loss: Loss): void
  /** The broker stopped (or resumed) reading from this connection; `reason` is null when it resumed. */
  onBlocked(reason: string | null): void
}

const ANSWER_DEADLINE = 10_000
/** In seconds. amqplib notices silence after two to three. */
const HEARTBEAT = 5

/**
 * One amqplib connection from its handshake to its end: an epoch. Nothing that belongs to one session can act on another,
 * because it holds that session's own channels.
 */
export class Session {
  readonly #model: ChannelModel
  readonly #socket: AbortController
  readonly #events: SessionEvents
  #state: 'up' | 'closing' | 'lost' = 'up'
  #blocked: string | null = null

  /** @throws whatever amqplib throws, or `Error` when the handshake takes more than 10 s or `givenUp` is aborted */
  static async open(target: SessionTarget, events: SessionEvents, givenUp?: AbortSignal): Promise<Session> {
    // Aborting destroys the socket at any time: during the handshake, and when the broker answers nothing any more.
    const socket = new AbortController()
    const giveUp = () => socket.abort()
    givenUp?.addEventListener('abort', giveUp)
    const { password, ...endpoint } = target.endpoint
    const connecting = frameByFrame(async () => {
      const model = await connect(
        { ...endpoint, vhost: encodeURIComponent(target.vhost), heartbeat: HEARTBEAT },
        {
          ...target.tls,
          credentials:
            password === null ? credentials.external() : credentials.plain(endpoint.username, password),
          // Passed on to net.connect or tls.connect, as amqplib's own type does not know.
          ...{ signal: socket.signal, writableHighWaterMark: 1 << 20 },
          noDelay: true,
          keepAlive: true,
          keepAliveDelay: 10_000,
          timeout: ANSWER_DEADLINE,
          clientProperties: { connection_name: target.name },
        },
      )
      return new Session(model, socket, events)
    })
    try {
      return await withDeadline(connecting, ANSWER_DEADLINE, () => new Error('connect ETIMEDOUT'))
    } catch (error) {
      socket.abort()
      throw error
    } finally {
      givenUp?.removeEventListener('abort', giveUp)
    }
  }

  private constructor(model: ChannelModel, socket: AbortController, events: SessionEvents) {
    this.#model = model
    joinWrites(connectionInternals(model).stream)
    encodeOurselves(model)
    this.#socket = socket
    this.#events = events
    model.on('error', (error) => this.#lost(error))
    model.on('close', (error) => this.#lost(error))
    model.on('blocked', (reason) => this.#block(reason))
    model.on('unblocked', () => this.#block(null))
  }

  get alive(): boolean {
    return this.#state === 'up'
  }

  /** Why the broker does not read from it; null when it does. */
  get blocked(): string | null {
    return this.#blocked
  }

  /** A fresh channel. `prepare` runs before anything can arrive on it and must attach the `error` listener. */
  channel(prepare: (channel: Channel) => void): Promise<Channel> {
    return this.#opened(this.#model.createChannel(), prepare)
  }

  confirmChannel(prepare: (channel: ConfirmChannel) => void): Promise<ConfirmChannel> {
    return this.#opened(this.#model.createConfirmChannel(), prepare)
  }

  /** An answer of the broker, at the latest after 10 s: by then nothing on this connection can be relied on. */
  answer<T>(work: Promise<T>): Promise<T> {
    return withDeadline(work, ANSWER_DEADLINE, () => {
      this.destroy('the broker did not answer in time')
      return new Error('the broker did not answer in time')
    })
  }

  /** Cuts the socket. */
  destroy(reason: string): void {
    this.#lost(Object.assign(new Error(reason), { code: 'DESTROYED' }))
  }

  /** Says goodbye, for at most `deadline` ms. What channels still hold back must have been flushed by closing them. */
  async close(deadline: number): Promise<void> {
    if (this.#state !== 'up') return
    this.#state = 'closing'
    try {
      await withDeadline(this.#model.close(), deadline, () => new Error('late'))
    } catch {
      // The socket is destroyed either way.
    }
    this.#socket.abort()
  }

  async #opened<C extends Channel>(opening: Promise<C>, prepare: (channel: C) => void): Promise<C> {
    const prepared = opening.then((channel) => {
      writeDirectly(this.#model, channel)
      prepare(channel)
      return channel
    })
    try {
      return await this.answer(prepared)
    } catch (error) {
      // A connection that opens no channel is of no use, whatever it believes about itself.
      this.destroy(lossFrom(error, false).reason)
      throw error
    }
  }

  #block(reason: string | null): void {
    this.#blocked = reason
    this.#events.onBlocked(reason)
  }

  #lost(error: unknown): void {
    if (this.#state !== 'up') return
    this.#state = 'lost'
    this.#events.onLost(lossFrom(error, true))
    // Not at once: amqplib may have the broker's close to answer.
    setImmediate(() => this.#socket.abort())
  }
}
