import { PosthornError, type System } from '@posthorn/core'
import { type BrokerLink, deadQueue, type FrameProperties, vhostName } from '@posthorn/core/transport'
import { type Endpoint, parseAmqpUrl } from '../amqp-url.ts'
import { rabbitMqError } from '../errors.ts'
import { RabbitMqLink } from '../rabbitmq-link.ts'
import type { TlsOptions } from '../session.ts'
import { AmqpConversation } from './amqp-conversation.ts'
import { type DeadLetter, type ReadLetter, readLetter } from './dead-letter.ts'
import { type DeadQueue, deadQueuesOf } from './dead-queues.ts'
import { depthOf, heldMessages } from './held-messages.ts'
import { replayOf } from './replay-of.ts'

/** Which domain's dead letters, and as whom to handle them. */
export interface DeadLettersOptions {
  /** `amqp[s]://<administrator>:<password>@<host>[:<port>]`: nobody else reads dead queues. A path is ignored. */
  readonly url: string
  readonly system: System
  readonly namespace?: string
  /** The domain in whose vhost they are. */
  readonly domain: string
  /** By user: a replay is published as the queue's reader, whose password must be here. */
  readonly passwords?: Readonly<Record<string, string>>
  readonly tls?: TlsOptions
}

/** In ms, to the broker's confirm of a replay. */
const PUBLISH_DEADLINE = 10_000

/**
 * The dead letters of one domain's vhost, for an operator. (Those of the outbox never reached the broker; its store has
 * them.) The broker keeps for an operation what it looks at, and gives back in the old order what it does not remove;
 * others see that much less meanwhile, so that no two operators have the same letter in hand.
 *
 * A letter is removed only after its replay is confirmed. What dies in between leaves it in both places: the message's
 * id and sender are the same, so the inbox applies it once. Each method fails with `AccessRefused`, `BrokerUnreachable`,
 * `TopologyMismatch` (no such dead queue), `InvalidConfiguration` (no such work queue) or `ConnectionLost` (what was
 * told last may have been done).
 */
export class DeadLetters {
  readonly #endpoint: Endpoint
  readonly #vhost: string
  readonly #queues: readonly DeadQueue[]
  readonly #passwords: Readonly<Record<string, string>>
  readonly #tls: TlsOptions | undefined

  /** @throws {PosthornError} `InvalidConfiguration` */
  constructor(options: DeadLettersOptions) {
    this.#endpoint = parseAmqpUrl(options.url, undefined)
    this.#vhost = vhostName(options.domain, options.namespace)
    this.#queues = deadQueuesOf(options.system, options.domain)
    this.#passwords = options.passwords ?? {}
    this.#tls = options.tls
  }

  /** The queues of the vhost whose messages may die, and how many dead letters each has. */
  async queues(): Promise<readonly { readonly queue: string; readonly depth: number }[]> {
    const conversation = await this.#converse()
    const found: { queue: string; depth: number }[] = []
    try {
      for (const { name } of this.#queues) {
        found.push({ queue: name, depth: await depthOf(conversation, deadQueue(name)) })
      }
    } finally {
      await conversation.close()
    }
    return found
  }

  /**
   * Dead letters, oldest first.
   *
   * @param of `queue`: one work queue's, else all; `type`: of this wire type, with its version or without
   * @param limit default 100
   */
  async list(
    of: { readonly queue?: string; readonly type?: string } = {},
    limit = 100,
  ): Promise<readonly DeadLetter[]> {
    const found: DeadLetter[] = []
    for (const queue of of.queue === undefined ? this.#queues : [this.#queue(of.queue)]) {
      if (found.length >= limit) break
      for await (const { letter } of this.#letters(queue, of.type)) {
        if (found.push(letter) >= limit) break
      }
    }
    return found
  }

  /** One dead letter with its body and properties. @throws {PosthornError} `DeadLetterNotFound` */
  async show(
    queue: string,
    id: string,
  ): Promise<DeadLetter & { readonly body: Uint8Array; readonly properties: FrameProperties }> {
    for await (const { letter, frame } of this.#letters(this.#queue(queue))) {
      if (letter.id === id) return { ...letter, body: frame.body, properties: frame.properties }
    }
    throw notFound(queue, id)
  }

  /**
   * Has a message handled again, as if for the first time and from its original sender.
   *
   * @param maxAge in ms: refuses what is older, by when it was made or first failed. Default 14 days, as long as inboxes
   * remember what they have applied; `Infinity` when you know that it was not
   * @throws {PosthornError} `DeadLetterNotFound`, `DeadLetterTooOld`, `NotReplayable`; as from publishing `Unroutable`,
   * `PublishRefused`, `PublishTimeout`, `ConnectionLost`, and then the letter is where it was
   */
  async replay(queue: string, id: string, options: { readonly maxAge?: number } = {}): Promise<void> {
    const from = this.#queue(queue)
    const publisher = this.#publisher(from)
    try {
      for await (const held of this.#letters(from)) {
        if (held.letter.id !== id) continue
        await publisher.publish(held, options.maxAge)
        held.remove()
        return
      }
    } finally {
      await publisher.close()
    }
    throw notFound(queue, id)
  }

  /**
   * Replays all that a queue holds now, in order: what dies again meanwhile is not replayed again. What may not be
   * replayed stays, and is told.
   *
   * @throws {PosthornError} as from publishing: what was replayed until then is, the rest is where it was
   */
  async replayAll(
    of: { readonly queue: string; readonly type?: string },
    options: { readonly maxAge?: number } = {},
  ): Promise<{
    readonly replayed: number
    readonly refused: readonly (DeadLetter & { readonly code: string })[]
  }> {
    const from = this.#queue(of.queue)
    const publisher = this.#publisher(from)
    const refused: (DeadLetter & { code: string })[] = []
    let replayed = 0
    try {
      for await (const held of this.#letters(from, of.type)) {
        try {
          await publisher.publish(held, options.maxAge)
        } catch (error) {
          if (!isRefusal(error)) throw error
          refused.push({ ...held.letter, code: error.code })
          continue
        }
        held.remove()
        replayed += 1
      }
    } finally {
      await publisher.close()
    }
    return { replayed, refused }
  }

  /** Deletes one dead letter for good. @throws {PosthornError} `DeadLetterNotFound` */
  async purge(queue: string, id: string): Promise<void> {
    for await (const { letter, remove } of this.#letters(this.#queue(queue))) {
      if (letter.id === id) return remove()
    }
    throw notFound(queue, id)
  }

  /** Deletes for good all that a queue holds now, or of one type. Gives how many. */
  async purgeAll(of: { readonly queue: string; readonly type?: string }): Promise<number> {
    let purged = 0
    for await (const { remove } of this.#letters(this.#queue(of.queue), of.type)) {
      remove()
      purged += 1
    }
    return purged
  }

  /** Holds them until the loop ends. */
  async *#letters(queue: DeadQueue, type?: string): AsyncGenerator<ReadLetter & { remove(): void }, void> {
    for await (const held of heldMessages(await this.#converse(), deadQueue(queue.name))) {
      const read = readLetter(held, queue.name, queue.reader)
      if (type !== undefined && read.letter.type !== type && !read.letter.type?.startsWith(`${type}.v`))
        continue
      yield { ...read, remove: held.remove }
    }
  }

  #publisher(queue: DeadQueue) {
    const endpoint = { ...this.#endpoint, username: queue.reader, password: this.#passwordOf(queue.reader) }
    let link: BrokerLink | undefined
    return {
      publish: async (letter: ReadLetter, maxAge: number | undefined) => {
        const frame = replayOf(letter, queue, maxAge)
        const target = { endpoint, vhost: this.#vhost, name: 'posthorn replay', tls: this.#tls }
        link ??= await RabbitMqLink.open(target, { onState() {}, onReply() {}, onRepliesLost() {} })
        await link.publish(frame, PUBLISH_DEADLINE)
      },
      close: async () => link?.close(1_000),
    }
  }

  #passwordOf(user: string): string {
    const password = this.#passwords[user]
    if (password !== undefined && password !== '') return password
    throw rabbitMqError(
      'InvalidConfiguration',
      `A replay is published as ${user}, whose password is not given`,
    )
  }

  #queue(name: string): DeadQueue {
    const queue = this.#queues.find((one) => one.name === name)
    if (queue !== undefined) return queue
    const names = this.#queues.map((one) => one.name).join(', ')
    throw rabbitMqError(
      'InvalidConfiguration',
      `There is no queue ${name} in vhost ${this.#vhost}; there are ${names}`,
    )
  }

  #converse(): Promise<AmqpConversation> {
    return AmqpConversation.open(this.#endpoint, this.#vhost, this.#tls)
  }
}

function notFound(queue: string, id: string) {
  return rabbitMqError(
    'DeadLetterNotFound',
    `There is no dead letter ${id.slice(0, 100)} of ${queue}, or somebody else is at work on it`,
    { details: { id, queue } },
  )
}

function isRefusal(error: unknown): error is PosthornError<'DeadLetterTooOld' | 'NotReplayable'> {
  return error instanceof PosthornError && ['DeadLetterTooOld', 'NotReplayable'].includes(error.code)
}
