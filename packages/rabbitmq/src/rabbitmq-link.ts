import type {
  BrokerLink,
  ConsumeOptions,
  Consumer,
  Frame,
  Incoming,
  LinkEvents,
  LinkState,
  VhostPlan,
} from '@posthorn/core/transport'
import { Connection } from './connection.ts'
import { Consuming } from './consuming.ts'
import { withDeadline } from './deadline.ts'
import { rabbitMqError } from './errors.ts'
import { Publisher } from './publisher.ts'
import type { Session, SessionTarget } from './session.ts'
import { checkTopology, declareTopology } from './topology.ts'

/** A vhost as one user sees it: one connection that publishes and, once something is consumed, one that consumes. */
export class RabbitMqLink implements BrokerLink {
  readonly vhost: string
  readonly #events: LinkEvents
  readonly #publisher: Publisher
  readonly #publishing: Connection
  readonly #consuming: Consuming
  #state: LinkState = 'connecting'
  #reason: string | null = null
  #closing: Promise<void> | null = null

  /** @throws {PosthornError} `BrokerUnreachable`, `AccessRefused` */
  static async open(target: SessionTarget, events: LinkEvents): Promise<RabbitMqLink> {
    const link = new RabbitMqLink(target, events)
    await link.#publishing.open()
    return link
  }

  private constructor(target: SessionTarget, events: LinkEvents) {
    this.vhost = target.vhost
    this.#events = events
    this.#publisher = new Publisher(target.endpoint.username, events)
    this.#publishing = new Connection(
      { ...target, name: `${target.name} publish` },
      {
        onSession: (session) => this.#publisher.attach(session),
        onLost: ({ reason }) => this.#publisher.detach(reason),
        onBlocked: (reason) => this.#publisher.block(reason),
        onState: () => this.#update(),
      },
    )
    this.#consuming = new Consuming({ ...target, name: `${target.name} consume` }, () => this.#update())
  }

  get state(): LinkState {
    return this.#state
  }

  publish(frame: Frame, deadline: number): Promise<void> {
    return this.#publisher.publish(frame, deadline)
  }

  consume(queue: string, options: ConsumeOptions, receive: (incoming: Incoming) => void): Promise<Consumer> {
    return this.#consuming.consume(queue, options, receive)
  }

  async check(exchanges: readonly string[], queues: readonly string[]): Promise<void> {
    await checkTopology(this.#session(), this.vhost, exchanges, queues)
  }

  async declare(plan: VhostPlan): Promise<void> {
    await declareTopology(this.#session(), plan)
  }

  close(deadline: number): Promise<void> {
    this.#closing ??= this.#close(performance.now() + deadline)
    return this.#closing
  }

  async #close(end: number): Promise<void> {
    const left = () => Math.max(0, end - performance.now())
    // What is handled now may still publish (a reply, a retry copy) before it is settled: so the publisher goes last.
    await this.#consuming.close(left())
    await withDeadline(this.#publisher.idle(), left(), () => new Error('late')).catch(() => undefined)
    this.#publisher.close()
    await this.#publishing.close(left())
  }

  #session(): Session {
    const { session, reason } = this.#publishing
    if (session !== null) return session
    throw rabbitMqError('BrokerUnreachable', `Not connected to vhost ${this.vhost}: ${reason ?? 'closed'}`, {
      retryable: true,
    })
  }

  #update(): void {
    const [state, reason] = this.#worst()
    if (this.#state === state && this.#reason === reason) return
    this.#state = state
    this.#reason = reason
    this.#events.onState(state, reason)
  }

  #worst(): readonly [LinkState, string | null] {
    const connections = [this.#publishing, this.#consuming.connection].filter((one) => one !== null)
    for (const state of ['down', 'connecting', 'blocked'] as const) {
      const found = connections.find((one) => one.state === state)
      if (found !== undefined) return [state, found.reason]
    }
    const { trouble } = this.#consuming
    return trouble === null ? ['up', null] : ['down', trouble]
  }
}
