import type { Clock } from '../clock.ts'
import { PosthornError } from '../errors.ts'
import type { Frame } from './broker.ts'
import { type Death, InMemoryQueue } from './in-memory-queue.ts'
import { InMemoryRights, type Right } from './in-memory-rights.ts'
import type { BindingPlan, ExchangePlan, VhostPlan } from './topology.ts'
import { header, MAX_BODY } from './wire-format.ts'

/** One vhost of the in-memory broker: exchanges, queues, bindings, and who may do what with them. */
export class InMemoryVhost {
  readonly #clock: Clock
  readonly #exchanges = new Map<string, ExchangePlan>()
  readonly #queues = new Map<string, InMemoryQueue>()
  readonly #replies = new Map<string, (frame: Frame) => void>()
  #bindings: readonly BindingPlan[] = []
  #rights = new InMemoryRights({ permissions: [], topicPermissions: [] })
  #replyAddresses = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Puts what the plan lists, deletes the bindings that it does not, replaces all permissions. */
  apply(plan: VhostPlan): void {
    this.#putObjects(plan)
    this.#bindings = plan.bindings
    this.#rights = new InMemoryRights(plan)
  }

  /** The same as one user does it, who must have the right to. */
  declare(user: string, plan: VhostPlan): void {
    for (const { name } of [...plan.exchanges, ...plan.queues]) this.#demand(user, 'configure', name)
    for (const { exchange, queue, routingKey } of plan.bindings) {
      this.#demand(user, 'write', queue)
      this.#demand(user, 'read', exchange)
      if (!this.#rights.mayRoute(user, 'read', exchange, routingKey)) {
        throw refused(`${user} may not bind ${routingKey} of ${exchange}`)
      }
    }
    this.#putObjects(plan)
    const fresh = plan.bindings.filter((one) => !this.#bindings.some((other) => isSame(one, other)))
    this.#bindings = [...this.#bindings, ...fresh]
  }

  admits(user: string): boolean {
    return this.#rights.knows(user)
  }

  /** Whether the user has this right on what is called so; a missing thing gives no right. */
  offers(user: string, right: 'write' | 'read', name: string): boolean {
    return (this.#exchanges.has(name) || this.#queues.has(name)) && this.#rights.may(user, right, name)
  }

  queue(name: string): InMemoryQueue | undefined {
    return this.#queues.get(name)
  }

  get queues(): Iterable<InMemoryQueue> {
    return this.#queues.values()
  }

  /** An address under which replies reach their caller until it is taken away. */
  addReplyAddress(deliver: (frame: Frame) => void): {
    readonly address: string
    readonly remove: () => void
  } {
    const address = `amq.rabbitmq.reply-to.${++this.#replyAddresses}`
    this.#replies.set(address, deliver)
    return { address, remove: () => this.#replies.delete(address) }
  }

  /** @throws {PosthornError} `Unroutable`, `PublishRefused`, `PublishFailed` */
  publish(user: string, frame: Frame): void {
    const { exchange, routingKey, properties } = frame
    if (!this.#rights.may(user, 'write', exchange === '' ? 'amq.default' : exchange)) {
      throw failed(`${user} may not publish to "${exchange}"`)
    }
    if (properties.userId !== undefined && properties.userId !== user) {
      throw failed(`user-id ${properties.userId} is not ${user}, who published`)
    }
    if (frame.body.length > MAX_BODY) throw failed(`it has ${frame.body.length} bytes`)
    if (exchange !== '' && !this.#exchanges.has(exchange)) throw failed(`there is no exchange ${exchange}`)
    if (!this.#rights.mayRoute(user, 'write', exchange, routingKey)) {
      throw failed(`${user} may not publish ${routingKey} to ${exchange}`)
    }

    const reply = exchange === '' ? this.#replies.get(routingKey) : undefined
    if (reply !== undefined) {
      queueMicrotask(() => reply(frame))
      return
    }
    const queues = this.#route(exchange, routingKey)
    if (queues.length === 0) {
      throw new PosthornError('Unroutable', `"${exchange}" has no queue for ${routingKey}`, {
        outcome: 'not-executed',
      })
    }
    const room = queues.filter((queue) => !queue.isFull)
    for (const queue of room) queue.push(frame)
    if (room.length === queues.length) return
    throw new PosthornError('PublishRefused', `A queue for ${routingKey} is full`, {
      outcome: 'unknown',
      retryable: true,
    })
  }

  #putObjects(plan: VhostPlan): void {
    for (const exchange of plan.exchanges) {
      const known = this.#exchanges.get(exchange.name)
      if (known !== undefined && known.type !== exchange.type) throw mismatch(exchange.name, 'type')
      this.#exchanges.set(exchange.name, exchange)
    }
    for (const queue of plan.queues) {
      const known = this.#queues.get(queue.name)?.plan.arguments
      if (known === undefined) {
        const die = (frame: Frame, death: Death) => this.#deadLetter(queue.name, frame, death)
        this.#queues.set(queue.name, new InMemoryQueue(queue, this.#clock, die))
        continue
      }
      const names = new Set([...Object.keys(known), ...Object.keys(queue.arguments)])
      const differing = [...names].find((name) => known[name] !== queue.arguments[name])
      if (differing !== undefined) throw mismatch(queue.name, differing)
    }
  }

  /** Queues bound with exactly this key, or by name through the default exchange. Plans hold no wildcards. */
  #route(exchange: string, routingKey: string): readonly InMemoryQueue[] {
    const names =
      exchange === ''
        ? [routingKey]
        : this.#bindings
            .filter((one) => one.exchange === exchange && one.routingKey === routingKey)
            .map(({ queue }) => queue)
    return [...new Set(names)].flatMap((name) => this.#queues.get(name) ?? [])
  }

  /** Dead letters are never refused: at-least-once, they would only wait. */
  #deadLetter(queue: string, frame: Frame, death: Death): void {
    const args = this.#queues.get(queue)?.plan.arguments ?? {}
    const exchange = args['x-dead-letter-exchange']
    if (typeof exchange !== 'string') return
    const routingKey = String(args['x-dead-letter-routing-key'] ?? frame.routingKey)
    const { expiration: _, ...properties } = frame.properties
    const copy = {
      ...frame,
      exchange,
      routingKey,
      properties: { ...properties, headers: deathHeaders(queue, frame, death) },
    }
    for (const target of this.#route(exchange, routingKey)) target.push(copy)
  }

  #demand(user: string, right: Right, name: string): void {
    if (this.#rights.may(user, right, name)) return
    throw refused(`${user} may not ${right} ${name}`)
  }
}

/** As RabbitMQ writes them: of the first death in headers of their own, and of all deaths in a list, the last one first. */
function deathHeaders(queue: string, frame: Frame, reason: Death): Readonly<Record<string, unknown>> {
  const { exchange, routingKey, properties } = frame
  const earlier = header(frame, 'x-death')
  return {
    'x-first-death-queue': queue,
    'x-first-death-reason': reason,
    'x-first-death-exchange': exchange,
    ...properties.headers,
    'x-death': [
      { queue, reason, exchange, 'routing-keys': [routingKey], count: 1 },
      ...(Array.isArray(earlier) ? earlier : []),
    ],
  }
}

function isSame(one: BindingPlan, other: BindingPlan): boolean {
  return one.exchange === other.exchange && one.queue === other.queue && one.routingKey === other.routingKey
}

function failed(why: string): PosthornError<'PublishFailed'> {
  return new PosthornError('PublishFailed', `The broker refuses the message: ${why}`, {
    outcome: 'not-executed',
  })
}

function refused(why: string): PosthornError<'AccessRefused'> {
  return new PosthornError('AccessRefused', `The broker refuses: ${why}`, { outcome: 'not-executed' })
}

function mismatch(name: string, argument: string): PosthornError<'TopologyMismatch'> {
  return new PosthornError(
    'TopologyMismatch',
    `${name} exists with another ${argument}; delete it or keep its plan`,
    {
      details: { name, argument },
    },
  )
}
