import type { Frame } from '@posthorn/core/transport'
import type { ConfirmChannel } from 'amqplib'
import { ConfirmWindow } from './confirm-window.ts'
import type { KnownExchanges } from './known-exchanges.ts'
import { lossFrom } from './loss.ts'
import { neverLeft, type Publication, unreachable } from './publication.ts'
import type { Session } from './session.ts'

/** Messages that may wait for the window, for the channel, or for the broker to read again. */
const MAX_WAITING = 1_000
/** A broker that confirms nothing at all for this long (ms) is as good as gone. */
const MAX_SILENCE = 10_000
/** By how much (ms) a deadline may be overrun. */
const SWEEP = 50
const REOPEN_AFTER = 100

export interface LaneOptions {
  readonly user: string
  /** Sets up what has to be on a new channel before anything is published. */
  readonly prepare?: (channel: ConfirmChannel) => Promise<unknown>
  /** A channel that was in use has gone. */
  readonly onLost?: () => void
}

/**
 * A way to the broker for messages: one confirm channel, remade when lost, and a bounded queue before it. Every message
 * is answered exactly once: confirmed, returned, refused, timed out, lost, or never sent.
 */
export class ConfirmLane {
  readonly #options: LaneOptions
  readonly #waiting = new Set<Publication>()
  #session: Session | null = null
  #exchanges: KnownExchanges | null = null
  #window: ConfirmWindow | null = null
  #opening: Promise<void> | null = null
  /** Why nothing may be sent just now. */
  #obstacle: string | null = 'not connected yet'
  #sweeper: NodeJS.Timeout | undefined
  #closed = false
  #onIdle: (() => void) | null = null

  constructor(options: LaneOptions) {
    this.#options = options
  }

  publish(frame: Frame, deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(neverLeft(frame, 'the link is closed', true))
      if (this.#waiting.size >= MAX_WAITING) return reject(unreachable(frame, `${MAX_WAITING} others wait`))
      const expiresAt = performance.now() + deadline
      const publication = { frame, expiresAt, resolve, reject, returned: null, expired: false }
      this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP).unref()
      if (this.#waiting.size > 0 || !this.#take(publication)) this.#waiting.add(publication)
    })
  }

  /** Publishes on this session from now on. Its channel is opened when there is something to publish. */
  attach(session: Session, exchanges: KnownExchanges): void {
    this.#session = session
    this.#exchanges = exchanges
    this.block(null)
  }

  detach(reason: string): void {
    this.#session = null
    this.#opening = null
    this.#obstacle = reason
    this.#lose(reason)
  }

  /** Holds back what is not yet published; null lets it go. */
  block(reason: string | null): void {
    this.#obstacle = reason
    this.#window?.excuseSilence()
    this.#pump()
  }

  /** Opens the channel, unless it is open. */
  open(): Promise<void> {
    const session = this.#session
    if (session === null || this.#window !== null) return Promise.resolve()
    this.#opening ??= this.#open(session).finally(() => {
      if (this.#session === session) this.#opening = null
    })
    return this.#opening
  }

  /** Resolves when nothing waits or is unconfirmed any more. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve
      this.#checkIdle()
    })
  }

  /** Answers all that is left, and takes no more. */
  close(): void {
    this.#closed = true
    for (const { frame, reject } of this.#waiting) reject(neverLeft(frame, 'the link was closed', true))
    this.#waiting.clear()
    this.detach('the link was closed')
    clearInterval(this.#sweeper)
  }

  async #open(session: Session): Promise<void> {
    let window: ConfirmWindow | null = null
    const channel = await session.confirmChannel((fresh) => {
      let reason = 'the channel was closed'
      window = new ConfirmWindow(fresh, this.#options.user, () => this.#pump())
      fresh.on('error', (error) => {
        const loss = lossFrom(error, true)
        reason = loss.reason
        if (this.#session === session) this.#exchanges?.blame(loss)
      })
      fresh.on('close', () => {
        if (this.#window === window) this.#lose(reason)
        window = null
      })
    })
    if (this.#options.prepare !== undefined) await session.answer(this.#options.prepare(channel))
    if (this.#session !== session || window === null) return
    this.#window = window
    this.#pump()
  }

  #pump(): void {
    for (const publication of this.#waiting) {
      if (!this.#take(publication)) return
      this.#waiting.delete(publication)
    }
    this.#checkIdle()
  }

  /** Sends or refuses it. False when it has to wait, and all behind it. */
  #take(publication: Publication): boolean {
    const exchanges = this.#exchanges
    if (this.#obstacle !== null || exchanges === null) return false
    const { exchange, routingKey, body } = publication.frame
    if (this.#window === null) {
      this.open().catch(() => this.#pumpLater())
      return false
    }
    if (!this.#window.hasRoomFor(body.length)) return false
    const verdict = exchanges.verdict(exchange, routingKey)
    if (verdict === 'unknown') {
      // It takes one question for each exchange and session. If the session fails meanwhile, the next one is asked.
      exchanges.ask(exchange).then(
        () => this.#pump(),
        () => undefined,
      )
      return false
    }
    if (verdict === 'good') this.#window.send(publication)
    // Whoever provisions the broker can mend it.
    else publication.reject(neverLeft(publication.frame, verdict.refused, true))
    return true
  }

  #lose(reason: string): void {
    const window = this.#window
    this.#window = null
    if (window === null) return
    window.fail(reason)
    this.#options.onLost?.()
    this.#checkIdle()
    this.#pumpLater()
  }

  #pumpLater(): void {
    setTimeout(() => this.#pump(), REOPEN_AFTER).unref()
  }

  #sweep(): void {
    const now = performance.now()
    for (const publication of this.#waiting) {
      if (publication.expiresAt > now) continue
      this.#waiting.delete(publication)
      publication.reject(unreachable(publication.frame, this.#obstacle ?? 'the broker is too slow'))
    }
    this.#window?.expire(now)
    if (this.#obstacle === null && (this.#window?.silence(now) ?? 0) > MAX_SILENCE) {
      this.#session?.destroy(`the broker confirmed nothing for ${MAX_SILENCE / 1_000} s`)
    }
    if (!this.#checkIdle()) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  #checkIdle(): boolean {
    if (this.#waiting.size + (this.#window?.size ?? 0) > 0) return false
    this.#onIdle?.()
    this.#onIdle = null
    return true
  }
}
