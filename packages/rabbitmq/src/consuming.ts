import { PosthornError } from '@posthorn/core'
import type { ConsumeOptions, Consumer, Incoming } from '@posthorn/core/transport'
import { Connection } from './connection.ts'
import { withDeadline } from './deadline.ts'
import { rabbitMqError } from './errors.ts'
import { lossFrom } from './loss.ts'
import { QueueConsumer } from './queue-consumer.ts'
import type { Session, SessionTarget } from './session.ts'

/** For how long (ms) consumers take messages one by one after amqplib choked on one. */
const QUARANTINE = 30_000
const CLOSED = 'the link is closed'

/**
 * The connection on which a link consumes and settles, and its consumers. A second connection, because a memory alarm
 * stops the broker from reading the one that publishes: acks would freeze on it. Made when first needed.
 *
 * A message that amqplib cannot decode kills the connection, and is delivered again on the next. With everything that was
 * delivered along with it counted as failed too, innocent neighbours would reach their delivery limit with it; so after
 * such a crash each consumer takes one message at a time. An expendable queue, which has no delivery limit, is drained
 * first: else the message would come for ever, and all others with it reach their limit.
 */
export class Consuming {
  readonly #target: SessionTarget
  readonly #onState: () => void
  readonly #consumers = new Set<QueueConsumer>()
  #connection: Connection | null = null
  /** The first connection, on its way. */
  #opening: { readonly connection: Connection; readonly opened: Promise<Connection> } | null = null
  #quarantine: NodeJS.Timeout | undefined
  #closed = false

  constructor(target: SessionTarget, onState: () => void) {
    this.#target = target
    this.#onState = onState
  }

  /** Null until something is consumed. */
  get connection(): Connection | null {
    return this.#connection
  }

  /** Why a consumer does not consume although the connection is up. */
  get trouble(): string | null {
    for (const { trouble } of this.#consumers) if (trouble !== null) return trouble
    return null
  }

  /** @throws as `BrokerLink.consume` */
  async consume(
    queue: string,
    options: ConsumeOptions,
    receive: (incoming: Incoming) => void,
  ): Promise<Consumer> {
    const connection = await this.#open()
    const { session } = connection
    const consumer = new QueueConsumer({
      queue,
      prefetch: options.prefetch,
      expendable: options.expendable ?? false,
      receive,
      onTrouble: this.#onState,
    })
    try {
      if (session === null) throw this.#unreachable(connection.reason)
      await consumer.attach(session)
    } catch (error) {
      // Where poison came along with the first messages, the next session attaches it, in quarantine.
      if (session?.alive === true || this.#quarantine === undefined) {
        await consumer.cancel()
        throw this.#refusal(queue, error)
      }
    }
    if (this.#closed) {
      await consumer.close()
      throw this.#unreachable(CLOSED)
    }
    this.#consumers.add(consumer)
    return consumer
  }

  async close(deadline: number): Promise<void> {
    this.#closed = true
    clearTimeout(this.#quarantine)
    const end = performance.now() + deadline
    const left = () => Math.max(0, end - performance.now())
    const connection = this.#connection
    if (connection === null) return this.#opening?.connection.close(deadline)
    // The channels first: the connection's own goodbye would overtake the acks that they still hold back.
    const flushed = Promise.all([...this.#consumers].map((consumer) => consumer.close()))
    await withDeadline(flushed, left(), () => new Error('late')).catch(() => undefined)
    await connection.close(left())
  }

  async #open(): Promise<Connection> {
    if (this.#closed) throw this.#unreachable(CLOSED)
    this.#opening ??= this.#begin()
    return this.#opening.opened
  }

  #begin() {
    const connection = new Connection(this.#target, {
      onSession: (session) => this.#reattach(session),
      onLost: ({ kind }) => {
        if (kind === 'decoder') this.#startQuarantine()
        for (const consumer of this.#consumers) consumer.detach()
      },
      onBlocked: () => undefined,
      onState: this.#onState,
    })
    const open = async () => {
      try {
        await connection.open()
      } catch (error) {
        this.#opening = null
        throw error
      }
      if (this.#closed) throw this.#unreachable(CLOSED)
      this.#connection = connection
      return connection
    }
    return { connection, opened: open() }
  }

  async #reattach(session: Session): Promise<void> {
    const quarantined = this.#quarantine !== undefined
    await Promise.all([...this.#consumers].map((consumer) => consumer.reattach(session, quarantined)))
  }

  #startQuarantine(): void {
    clearTimeout(this.#quarantine)
    this.#quarantine = setTimeout(() => {
      this.#quarantine = undefined
      for (const consumer of this.#consumers) void consumer.endQuarantine()
    }, QUARANTINE).unref()
  }

  #refusal(queue: string, error: unknown) {
    if (error instanceof PosthornError) return error
    const { code, reason } = lossFrom(error, false)
    const { vhost } = this.#target
    if (code === 403) {
      return rabbitMqError(
        'PermissionNotProvisioned',
        `May not consume ${queue} in vhost ${vhost}: ${reason}`,
      )
    }
    if (code !== null && code < 500) {
      return rabbitMqError('TopologyMismatch', `Cannot consume ${queue} in vhost ${vhost}: ${reason}`)
    }
    return this.#unreachable(reason)
  }

  #unreachable(reason: string | null) {
    return rabbitMqError(
      'BrokerUnreachable',
      `Lost vhost ${this.#target.vhost}: ${reason ?? 'not connected'}`,
      {
        retryable: true,
      },
    )
  }
}
