import { setTimeout as pause } from 'node:timers/promises'
import { PosthornError } from '../../errors.ts'
import type { BrokerLink, Consumer, Frame, Incoming } from '../../external-bus/broker.ts'
import { EVENTS_EXCHANGE, eventKey, eventQueue } from '../../external-bus/names.ts'
import { type Random, seeded } from '../../simulation/random.ts'
import type { World } from '../external-bus/harness.ts'
import { shop } from '../external-bus/shop-system.ts'

/** What a broker must be asked to tell its history; a world of `shopSystem` provides it. */
export type PlayedBroker = Pick<World, 'broker' | 'vhost' | 'deadLetters'>

const QUEUE = eventQueue('web')
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
export async function brokerHistory(world: PlayedBroker, seed: number): Promise<readonly string[]> {
  const events = { onState: () => undefined, onReply: () => undefined, onRepliesLost: () => undefined }
  const shopLink = await world.broker('shop').open(world.vhost('shop'), events)
  const webLink = await world.broker('web').open(world.vhost('shop'), events)
  const play = new BrokerPlay(shopLink, webLink, seeded(seed))
  try {
    for (let step = 0; step < STEPS; step++) await play.step()
    await play.finish()
    const dead = (await world.deadLetters('shop', QUEUE)).map(textOf)
    return [...play.history, ...play.deliveries, `dead: ${dead.join(' ')}`]
  } finally {
    await Promise.all([shopLink.close(1_000), webLink.close(1_000)])
  }
}

class BrokerPlay {
  readonly history: string[] = []
  /** Apart, for who is quicker, the confirm or the delivery, nobody promises. */
  readonly deliveries: string[] = []
  readonly #shop: BrokerLink
  readonly #web: BrokerLink
  readonly #random: Random
  /** Delivered and not settled, in the order of delivery. */
  #out: Incoming[] = []
  /** What the queue holds without those. */
  #waiting = 0
  #consumer: { readonly hold: Consumer; readonly prefetch: number } | undefined
  #published = 0

  constructor(shop: BrokerLink, web: BrokerLink, random: Random) {
    this.#shop = shop
    this.#web = web
    this.#random = random
  }

  async step(): Promise<void> {
    const { chance, int } = this.#random
    if (this.#consumer === undefined) await (chance(0.3) ? this.#consume(int(1, 4)) : this.#publish())
    else if (chance(0.45)) await this.#publish()
    else if (chance(0.08)) await this.#cancel()
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
    const key = eventKey(chance(0.1) ? shop.events.Noticed.type : shop.events.Bought.type)
    const answer = await this.#shop.publish(frameOf(key, text), DEADLINE).then(() => 'taken', codeOf)
    if (answer === 'taken') this.#waiting += 1
    this.history.push(`publish ${text}: ${answer}`)
  }

  async #consume(prefetch: number): Promise<void> {
    const hold = await this.#web.consume(QUEUE, { prefetch }, (incoming) => {
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

function frameOf(routingKey: string, text: string): Frame {
  return { exchange: EVENTS_EXCHANGE, routingKey, body: Buffer.from(text), properties: { persistent: true } }
}

function textOf({ body }: Frame): string {
  return Buffer.from(body).toString()
}

function codeOf(error: unknown): string {
  if (error instanceof PosthornError) return `${error.code}, ${error.outcome}`
  throw error
}
