import { setTimeout as pause } from 'node:timers/promises'
import { PosthornError } from '../../errors.ts'
import type { BrokerLink, Consumer, Frame, Incoming } from '../../external-bus/broker.ts'
import {
  CALL_QUEUE,
  callKey,
  commandExchange,
  EVENTS_EXCHANGE,
  eventKey,
  eventQueue,
} from '../../external-bus/names.ts'
import { type Random, seeded } from '../../simulation/random.ts'
import type { World } from '../external-bus/harness.ts'
import { shop } from '../external-bus/shop-system.ts'

/** What a broker must be asked to tell its history; a world of `shopSystem` provides it. */
export type PlayedBroker = Pick<World, 'broker' | 'vhost' | 'deadLetters' | 'disconnect'>

/** What is played: who publishes what, and who consumes it from where. */
const plays = {
  /** A quorum queue with a dead queue. */
  events: {
    publisher: 'shop',
    consumer: 'web',
    queue: eventQueue('web'),
    exchange: EVENTS_EXCHANGE,
    key: eventKey(shop.events.Bought.type),
    unroutable: eventKey(shop.events.Noticed.type),
  },
  /** A classic queue without one, and with a bound: a world with room for few calls shows what happens there. */
  calls: {
    publisher: 'web',
    consumer: 'shop',
    queue: CALL_QUEUE,
    exchange: commandExchange('web'),
    key: callKey(shop.commands.Buy.type),
    unroutable: callKey(shop.commands.Close.type),
  },
} as const
type Play = (typeof plays)[keyof typeof plays]

const STEPS = 40
/** In ms, for what a broker owes. */
const DEADLINE = 10_000

/**
 * Does what a seed says on a fresh broker, and tells all that can be seen of it: what was delivered in which order and
 * whether again, what was returned, and the dead letters. Two faithful brokers tell the same.
 *
 * Not compared: a publish without the right to it. RabbitMQ closes the channel, so that its outcome is unknown; the
 * broker in memory says that it was not executed.
 */
export async function brokerHistory(
  world: PlayedBroker,
  seed: number,
  name: keyof typeof plays = 'events',
): Promise<readonly string[]> {
  const events = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
  const said = plays[name]
  const publishing = await world.broker(said.publisher).open(world.vhost('shop'), events)
  const consuming = await world.broker(said.consumer).open(world.vhost('shop'), events)
  const play = new BrokerPlay(said, publishing, consuming, seeded(seed), () =>
    world.disconnect(said.consumer),
  )
  try {
    for (let step = 0; step < STEPS; step++) await play.step()
    await play.finish()
    const dead = name === 'calls' ? [] : (await world.deadLetters('shop', said.queue)).map(textOf)
    return [...play.history, ...play.deliveries, `dead: ${dead.join(' ')}`]
  } finally {
    await Promise.all([publishing.close(1_000), consuming.close(1_000)])
  }
}

class BrokerPlay {
  readonly history: string[] = []
  /** Apart, for who is quicker, the confirm or the delivery, nobody promises. */
  readonly deliveries: string[] = []
  readonly #play: Play
  readonly #publishing: BrokerLink
  readonly #consuming: BrokerLink
  readonly #random: Random
  readonly #disconnect: () => Promise<void>
  /** Delivered and not settled, in the order of delivery. */
  #out: Incoming[] = []
  /** What the queue holds without those. */
  #waiting = 0
  #consumer: { readonly hold: Consumer; readonly prefetch: number } | undefined
  #published = 0

  constructor(
    play: Play,
    publishing: BrokerLink,
    consuming: BrokerLink,
    random: Random,
    disconnect: () => Promise<void>,
  ) {
    this.#play = play
    this.#publishing = publishing
    this.#consuming = consuming
    this.#random = random
    this.#disconnect = disconnect
  }

  async step(): Promise<void> {
    const { chance, int } = this.#random
    if (this.#consumer === undefined) await (chance(0.3) ? this.#consume(int(1, 4)) : this.#publish())
    else if (chance(0.45)) await this.#publish()
    else if (chance(0.08)) await this.#cancel()
    else if (chance(0.05)) await this.#lose()
    else await this.#settleOne()
    await this.#untilDelivered()
  }

  /** Takes all that is left, in order. */
  async finish(): Promise<void> {
    if (this.#consumer === undefined) await this.#consume(1)
    await this.#untilDelivered()
    while (this.#out.length > 0) {
      const [first] = this.#out.splice(0, 1)
      first?.ack()
      await this.#untilDelivered()
    }
  }

  async #publish(): Promise<void> {
    const { chance } = this.#random
    this.#published += 1
    const text = String(this.#published)
    const { exchange, key, unroutable } = this.#play
    const frame = frameOf(exchange, chance(0.1) ? unroutable : key, text)
    const answer = await this.#publishing.publish(frame, DEADLINE).then(() => 'taken', codeOf)
    if (answer === 'taken') this.#waiting += 1
    this.history.push(`publish ${text}: ${answer}`)
  }

  async #consume(prefetch: number): Promise<void> {
    const hold = await this.#consuming.consume(this.#play.queue, { prefetch }, (incoming) => {
      this.#waiting -= 1
      this.#out.push(incoming)
      this.deliveries.push(`got ${textOf(incoming.frame)}${incoming.redelivered ? ' again' : ''}`)
    })
    this.#consumer = { hold, prefetch }
    this.history.push(`consume ${prefetch}`)
  }

  /** What is out is handed back first, so that nobody can be quicker with it. */
  async #cancel(): Promise<void> {
    await this.#consumer?.hold.cancel()
    this.#consumer = undefined
    for (const incoming of this.#out.splice(0)) {
      incoming.release()
      this.#waiting += 1
    }
    this.history.push('cancel')
    await pause(50)
  }

  /** The connection breaks: what is out goes back, and the consumer is there again by itself. */
  async #lose(): Promise<void> {
    // What has been settled arrives before.
    await pause(50)
    this.#waiting += this.#out.splice(0).length
    this.history.push('connection lost')
    await this.#disconnect()
  }

  async #settleOne(): Promise<void> {
    const { chance, int } = this.#random
    if (this.#out.length === 0) return
    const [incoming] = this.#out.splice(chance(0.7) ? 0 : int(0, this.#out.length - 1), 1)
    if (incoming === undefined) return
    const text = textOf(incoming.frame)
    if (chance(0.6)) {
      this.history.push(`ack ${text}`)
      incoming.ack()
    } else if (chance(0.3)) {
      this.history.push(`bury ${text}`)
      incoming.reject(false)
    } else {
      this.history.push(`reject ${text}`)
      this.#waiting += 1
      incoming.reject(true)
    }
    if (chance(0.2)) incoming.ack() // nothing may come of it
  }

  /** As many as may be out are out. */
  async #untilDelivered(): Promise<void> {
    const owed = () => Math.min(this.#consumer?.prefetch ?? 0, this.#out.length + this.#waiting)
    const end = performance.now() + DEADLINE
    while (this.#out.length < owed()) {
      if (performance.now() > end)
        throw new Error(`The broker owes a delivery after: ${this.history.join(', ')}`)
      await pause(2)
    }
  }
}

function frameOf(exchange: string, routingKey: string, text: string): Frame {
  return { exchange, routingKey, body: Buffer.from(text), properties: { persistent: true } }
}

function textOf({ body }: Frame): string {
  return Buffer.from(body).toString()
}

function codeOf(error: unknown): string {
  if (error instanceof PosthornError) return `${error.code}, ${error.outcome}`
  throw error
}
