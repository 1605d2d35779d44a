import type { Loss } from './loss.ts'
import { probe } from './probe.ts'
import type { Session } from './session.ts'

/** For how long (ms) a refusal is believed. */
const REFUSED_FOR = 1_000

/**
 * Which exchanges one session may publish to. Publishing to a missing or forbidden one closes the channel and makes all
 * that is unconfirmed on it uncertain, so an exchange is looked up before its first use.
 */
export class KnownExchanges {
  readonly #session: Session
  /** The default exchange always exists, and cannot be declared passively. */
  readonly #good = new Set<string>([''])
  /** By exchange, or by exchange and topic. */
  readonly #refused = new Map<string, { readonly reason: string; readonly until: number }>()
  readonly #asked = new Map<string, Promise<void>>()

  constructor(session: Session) {
    this.#session = session
  }

  verdict(exchange: string, topic: string): 'good' | 'unknown' | { readonly refused: string } {
    const refused = this.#refused.size === 0 ? undefined : this.#refusal(exchange, topic)
    if (refused !== undefined) return { refused }
    return this.#good.has(exchange) ? 'good' : 'unknown'
  }

  #refusal(exchange: string, topic: string): string | undefined {
    for (const refused of [exchange, topicOf(exchange, topic)]) {
      const refusal = this.#refused.get(refused)
      if (refusal === undefined) continue
      if (refusal.until > performance.now()) return refusal.reason
      this.#refused.delete(refused)
    }
    return undefined
  }

  /** Looks an exchange up; `verdict` knows afterwards. Rejects when the session fails. */
  ask(exchange: string): Promise<void> {
    const running = this.#asked.get(exchange)
    if (running !== undefined) return running
    const asking = probe(this.#session, (channel) => channel.checkExchange(exchange))
      .then((loss) => {
        if (loss === null) this.#good.add(exchange)
        else this.#refuse(exchange, loss)
      })
      .finally(() => this.#asked.delete(exchange))
    this.#asked.set(exchange, asking)
    return asking
  }

  /**
   * A channel was closed; if it was over an exchange (gone, or forbidden) or one of its topics, the next message there
   * shall not close it.
   */
  blame(loss: Loss): void {
    const exchange = /exchange '([^']*)'/.exec(loss.reason)?.[1]
    if (exchange === undefined || (loss.code !== 403 && loss.code !== 404)) return
    const topic = /access to topic '([^']*)'/.exec(loss.reason)?.[1]
    this.#refuse(topic === undefined ? exchange : topicOf(exchange, topic), loss)
  }

  #refuse(what: string, loss: Loss): void {
    this.#good.delete(what)
    this.#refused.set(what, { reason: loss.reason, until: performance.now() + REFUSED_FOR })
  }
}

/** No exchange has such a name. */
function topicOf(exchange: string, topic: string): string {
  return `${exchange}\n${topic}`
}
