import type { LinkState } from '@posthorn/core/transport'
import { BackOff } from './back-off.ts'
import { rabbitMqError } from './errors.ts'
import { type Loss, lossFrom } from './loss.ts'
import { Session, type SessionTarget } from './session.ts'

export interface ConnectionEvents {
  /** A new session is there; what has to live on it is set up now. A rejection has the connection made anew. */
  onSession(session: Session): Promise<void>
  onLost(loss: Loss): void
  /** `reason` is null when the broker reads again. */
  onBlocked(reason: string | null): void
  onState(): void
}

/**
 * One connection to one vhost that repairs itself until closed: a sequence of sessions with a back-off between them.
 * (A `Session` is one of them, and never comes back.)
 */
export class Connection {
  readonly #target: SessionTarget
  readonly #events: ConnectionEvents
  readonly #backOff = new BackOff()
  #state: LinkState | 'closed' = 'connecting'
  #reason: string | null = null
  #session: Session | null = null
  #retry: NodeJS.Timeout | undefined
  readonly #ended = new AbortController()
  /** How often it was lost or not made: what an attempt from before says is not about the connection any more. */
  #losses = 0

  constructor(target: SessionTarget, events: ConnectionEvents) {
    this.#target = target
    this.#events = events
  }

  get state(): LinkState | 'closed' {
    return this.#state
  }

  /** Why it is not up. */
  get reason(): string | null {
    return this.#reason
  }

  /** The session in use, if there is one and it has been set up. */
  get session(): Session | null {
    return this.#state === 'up' || this.#state === 'blocked' ? this.#session : null
  }

  /**
   * The first connection: tried once. Afterwards losses are repaired.
   * @throws {PosthornError} `BrokerUnreachable`, `AccessRefused`
   */
  async open(): Promise<void> {
    try {
      await this.#connect()
    } catch (error) {
      await this.close(0)
      const loss = lossFrom(error, false)
      const where = `vhost ${this.#target.vhost} at ${this.#target.endpoint.hostname}:${this.#target.endpoint.port}`
      const who = `user ${this.#target.endpoint.username}`
      // The cause is left out: amqplib's errors quote what they received.
      if (loss.kind === 'permanent') {
        throw rabbitMqError('AccessRefused', `The broker refuses ${who} on ${where}: ${loss.reason}`)
      }
      throw rabbitMqError('BrokerUnreachable', `Cannot connect ${who} to ${where}: ${loss.reason}`, {
        retryable: loss.kind !== 'untrusted',
        outcome: 'not-executed',
      })
    }
  }

  /** Gives up a handshake at once, and says goodbye to a session for at most `deadline` ms. Never throws. */
  async close(deadline: number): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    clearTimeout(this.#retry)
    this.#ended.abort()
    await this.#session?.close(deadline)
    this.#session = null
  }

  async #connect(): Promise<void> {
    let session: Session | undefined
    // Bound to this very session: what an older one still says is not about the connection any more.
    const current = () => session !== undefined && this.#session === session
    session = await Session.open(
      this.#target,
      {
        onLost: (loss) => current() && this.#lost(loss),
        onBlocked: (reason) => current() && this.#blocked(reason),
      },
      this.#ended.signal,
    )
    if (this.#state === 'closed') return session.close(1_000)
    this.#session = session
    await this.#events.onSession(session)
    if (!session.alive) throw new Error('the connection was lost while it was set up')
    if (this.state === 'closed') return
    this.#backOff.succeeded()
    this.#become(session.blocked === null ? 'up' : 'blocked', session.blocked)
  }

  #lost(loss: Loss): void {
    if (this.#state === 'closed') return
    this.#losses += 1
    this.#session = null
    this.#become('down', loss.reason)
    this.#events.onLost(loss)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#reconnect(), this.#backOff.next(loss.kind))
  }

  #reconnect(): void {
    const losses = this.#losses
    this.#connect().catch((error: unknown) => {
      // A session lost while it was set up has already arranged for the next one.
      if (this.#losses !== losses) return
      const loss = lossFrom(error, false)
      const session = this.#session
      this.#lost(loss)
      session?.destroy(loss.reason)
    })
  }

  #blocked(reason: string | null): void {
    // While it is set up it is not up yet, blocked or not.
    if (this.session !== null) this.#become(reason === null ? 'up' : 'blocked', reason)
    this.#events.onBlocked(reason)
  }

  #become(state: LinkState, reason: string | null): void {
    if (this.#state === 'closed' || (this.#state === state && this.#reason === reason)) return
    this.#state = state
    this.#reason = reason
    this.#events.onState()
  }
}
