import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Fleet } from '../fleet.ts'
import type { Random } from '../random.ts'
import { askByBroker } from './ask-by-broker.ts'
import { askByHttp } from './ask-by-http.ts'
import type { Clients } from './clients.ts'
import type { Asked, Channel, Outcome, Reply, Request } from './request.ts'

export interface LoadTargets {
  readonly fleet: Fleet
  readonly clients: Clients
  /** When aborted, nobody waits for an answer any longer. */
  readonly ending: AbortSignal
}

type Line = Omit<Extract<Request, { readonly do: 'Allocate' }>, 'do' | 'notify'>

/** In ms, between two requests of a worker. */
const THINKING = [20, 250] as const

/**
 * One of those who ask at once. It changes only what it made itself and knows to be there, so that whatever it asks for
 * must be done; and it never asks for the same change of a batch twice, so that each can be told from all others.
 */
export class Worker {
  readonly #name: string
  readonly #skus: readonly string[]
  readonly #targets: LoadTargets
  readonly #random: Random
  readonly #journal: Asked[]
  readonly #lines: Line[] = []
  readonly #batches: { readonly ref: string; readonly used: Set<number> }[] = []
  #made = 0

  constructor(name: string, skus: readonly string[], targets: LoadTargets, random: Random, journal: Asked[]) {
    this.#name = name
    this.#skus = skus
    this.#targets = targets
    this.#random = random
    this.#journal = journal
  }

  /** Until the signal; what has been asked for by then is waited for. */
  async work(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await this.#next()
      await pause(this.#random.int(...THINKING))
    }
  }

  async #next(): Promise<void> {
    const request = this.#request()
    const channel = this.#random.pick<Channel>(['http', 'http', 'http', 'call', 'send'])
    const asked = await this.ask(request, channel, this.#random.int(1, 4))
    if (asked.outcome !== 'done') return
    if (request.do === 'Allocate' || request.do === 'AskToBeTold') this.#lines.push(request)
    if (request.do === 'CreateBatch') this.#batches.push({ ref: request.ref, used: new Set([request.qty]) })
  }

  #request(): Request {
    const random = this.#random
    const what = random.next()
    const batch = this.#batches.length > 0 ? random.pick(this.#batches) : undefined
    if (what < 0.12 && batch !== undefined) {
      const qty = random.int(0, 60)
      if (!batch.used.has(qty)) {
        batch.used.add(qty)
        return { do: 'ChangeBatchQuantity', ref: batch.ref, qty }
      }
    }
    this.#made += 1
    const line = what < 0.34 ? this.#takeLine() : undefined
    if (line !== undefined) {
      const { orderId, sku, qty } = line
      if (what < 0.28) return { do: 'CancelLine', orderId, sku }
      return { do: 'AskToBeTold', orderId, sku, qty, notify: `${this.#name}-${this.#made}@example.com` }
    }
    const sku = random.pick(this.#skus)
    if (what < 0.45) {
      const eta = random.pick([null, '2031-01-01', '2031-02-02'])
      return { do: 'CreateBatch', ref: `${this.#name}-b${this.#made}`, sku, qty: random.int(5, 40), eta }
    }
    const orderId = `${this.#name}-o${this.#made}`
    const notify = random.chance(0.3) ? `${this.#name}@example.com` : null
    return { do: 'Allocate', orderId, sku, qty: random.int(1, 8), notify }
  }

  /** It is given back when nothing that was asked about it can come late: that would make a cancelled line anew. */
  #takeLine(): Line | undefined {
    if (this.#lines.length === 0) return undefined
    return this.#lines.splice(this.#random.int(0, this.#lines.length - 1), 1)[0]
  }

  /** Asks until it knows, or has tried often enough. */
  async ask(request: Request, channel: Channel, tries: number): Promise<Asked> {
    const { id, ask } = this.#way(request, channel)
    const replies: Reply[] = []
    do {
      if (replies.length > 0) await pause(this.#random.int(100, 1_500))
      replies.push(await ask())
    } while (replies.length < tries && isOpen(replies.at(-1)) && !this.#targets.ending.aborted)
    const outcome = conclusion(replies.map((reply) => reply.outcome))
    const { answer } = replies.find((reply) => reply.outcome === outcome) ?? { answer: null }
    const asked = { id, request, channel, tries: replies.length, outcome, answer }
    this.#journal.push(asked)
    return asked
  }

  #way(request: Request, channel: Channel): { readonly id: string; readonly ask: () => Promise<Reply> } {
    const { clients, ending, fleet } = this.#targets
    if (channel !== 'http') return askByBroker(clients, request, channel, ending)
    const id = randomUUID()
    const any = () => this.#random.pick(fleet.of('allocation')).url
    return { id, ask: () => askByHttp(any(), id, request, ending) }
  }
}

function isOpen(reply: Reply | undefined): boolean {
  return reply?.outcome === 'unknown' || reply?.outcome === 'not done'
}

/** Of several tries of the same: one that was done was done; one that may have been leaves it open. */
function conclusion(outcomes: readonly Outcome[]): Outcome {
  const order: readonly Outcome[] = ['wrong', 'done', 'accepted', 'unknown', 'not done']
  return order.find((outcome) => outcomes.includes(outcome)) ?? 'unknown'
}
