import { expect } from 'vitest'
import { type Channel, type Deliver, delivery } from './delivery.ts'
import {
  batchPicture,
  expectEvents,
  expectMails,
  expectNoLineThatFits,
  expectSent,
  orderPicture,
  type ProductPicture,
  productPicture,
  type SeenEvent,
} from './expectations.ts'
import { http } from './http.ts'
import { MailModel } from './mail-model.ts'
import type { ObservedSystem } from './observed-system.ts'
import { untilDone, untilQuiet } from './quiet.ts'
import { ReferenceModel } from './reference-model.ts'
import { type Answer, describe, type Request, withoutPrefix, withPrefix } from './request.ts'
import type { TappedEvent } from './tap.ts'

export const SKUS = ['A', 'B'] as const
export const BATCHES = ['b1', 'b2', 'b3'] as const
export const ORDERS = ['o1', 'o2', 'o3', 'o4', 'o5', 'o6', 'o7', 'o8'] as const

export type Service = 'allocation' | 'notifications'
export type Ending = 'stop' | 'kill'

interface Asked {
  readonly request: Request
  readonly deliver: Deliver
  readonly answer: Answer
}

/** One sequence of steps, told to the model and to the running system alike, under names that no other run has. */
export class Run {
  readonly model = new ReferenceModel()
  /** What has been done so far, for the report. */
  readonly steps: string[] = []
  readonly #mails = new MailModel()
  readonly #system: ObservedSystem
  readonly #prefix: string
  /** What earlier runs had sent. */
  readonly #before: { readonly mails: number; readonly notifications: number }
  readonly #asked: Asked[] = []
  /** Whoever is killed over a mail has its entry leased for half a minute more. */
  #killed = false

  constructor(system: ObservedSystem, number: number) {
    const { running, notifications } = system
    this.#system = system
    this.#prefix = `run-${number}-`
    this.#before = { mails: running.mail.mails.length, notifications: notifications.known.length }
  }

  async ask(request: Request, by: Channel): Promise<void> {
    const answer = this.#expected(request)
    // A command that is only sent becomes a dead letter when it is refused; here there shall be none.
    const channel = by === 'send and call' && 'error' in answer ? 'call' : by
    const deliver = delivery(withPrefix(request, this.#prefix), channel, this.#system)
    if (channel !== 'http') this.#asked.push({ request, deliver, answer })
    await this.#deliver(deliver, answer)
    if (Number(answer.released) > 0) await untilDone(this.#system, 'allocation', { what: 'local' })
  }

  /** The earlier message gets its earlier answer, whatever has happened since, and changes nothing. */
  async deliverAgain(index: number): Promise<void> {
    const { deliver, answer } = this.#earlier(index)
    await this.#deliver(deliver, answer)
  }

  async #deliver(deliver: Deliver, answer: Answer): Promise<void> {
    for (const given of await deliver()) expect(this.#short(given)).toEqual(answer)
  }

  /** The same as before, in a new message. */
  async askAgain(index: number, channel: Channel): Promise<void> {
    await this.ask(this.#earlier(index).request, channel)
  }

  async publishAgain(index: number): Promise<void> {
    const seen = this.#seen()
    const event = seen[index % seen.length]
    if (event === undefined) return
    this.steps.push(`  that is, ${event.type} ${JSON.stringify(this.#short(event.payload))}`)
    await this.#system.tap.publishAgain(event)
  }

  /** What is asked meanwhile is answered all the same. */
  async restart(service: Service, ending: Ending, meanwhile?: () => Promise<void>): Promise<void> {
    const [asked, restarted] = await Promise.allSettled([meanwhile?.(), this.#restart(service, ending)])
    for (const outcome of [restarted, asked]) if (outcome.status === 'rejected') throw outcome.reason
    await untilDone(this.#system, 'allocation', { what: 'local' })
  }

  async #restart(service: Service, ending: Ending): Promise<void> {
    const { running } = this.#system
    if (ending === 'stop') expect(await running[service].stop(), `${service} leaves nothing undone`).toBe(0)
    else {
      this.#killed = true
      running[service].kill('SIGKILL')
    }
    await running.restart(service)
  }

  /** Waits until all is quiet, and compares everything that can be seen. */
  async rest(): Promise<void> {
    const { watchers } = this.#mails
    await untilQuiet(this.#system, {
      prefix: this.#prefix,
      watchers,
      deadline: this.#killed ? 60_000 : 15_000,
    })
    this.#mails.rest()
    await this.#expectState()
    const seen = this.#seen().map(({ id, type, payload }) => ({ id, type, payload: this.#short(payload) }))
    expectEvents(seen, this.model)
    await this.#expectMails(seen)
  }

  async #expectState(): Promise<void> {
    const shown = async (path: string, name: string) => {
      const { url } = this.#system.running.allocation
      const { status, body } = await http('GET', `${url}/${path}/${this.#prefix}${name}`)
      return status === 404 ? undefined : this.#short(body)
    }
    const products = SKUS.map(async (sku) => {
      const picture = await shown('products', sku)
      if (picture !== undefined) expectNoLineThatFits(picture as ProductPicture)
      expect(picture, `product ${sku}`).toEqual(productPicture(this.model, sku))
    })
    const batches = BATCHES.map(async (ref) =>
      expect(await shown('batches', ref), `batch ${ref}`).toEqual(batchPicture(this.model, ref)),
    )
    const orders = ORDERS.map(async (orderId) =>
      expect(await shown('allocations', orderId), `order ${orderId}`).toEqual(
        orderPicture(this.model, orderId),
      ),
    )
    await Promise.all([...products, ...batches, ...orders])
  }

  async #expectMails(seen: readonly SeenEvent[]): Promise<void> {
    const { running, notifications } = this.#system
    const told = (await notifications.catchUp()).slice(this.#before.notifications)
    const mails = running.mail.mails.slice(this.#before.mails)
    // A process that is killed between mailing and noting it repeats the mail, under the same Message-ID.
    expectSent(mails, told, { repeatedly: this.#killed })
    expectMails(this.#mails, seen, this.#short(told))
  }

  #expected(request: Request): Answer {
    const before = this.model.events.length
    const answer = this.model.answer(request)
    this.#mails.hear(this.model.events.slice(before))
    if (request.do === 'Allocate' && request.notify !== null && !('error' in answer)) {
      this.#mails.watch(request.orderId, request.notify)
    }
    return answer
  }

  #earlier(index: number): Asked {
    const earlier = this.#asked[index % this.#asked.length]
    if (earlier === undefined) throw new Error('Nothing has been asked yet')
    this.steps.push(`  that is, ${describe(earlier.request)}`)
    return earlier
  }

  get hasAsked(): boolean {
    return this.#asked.length > 0
  }

  #seen(): readonly TappedEvent[] {
    const own = ({ payload }: TappedEvent) => String(payload.sku).startsWith(this.#prefix)
    return this.#system.tap.events.filter(own)
  }

  #short<T>(shown: T): T {
    return withoutPrefix(shown, this.#prefix)
  }
}
