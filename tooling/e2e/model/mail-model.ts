import type { ModelEvent } from './reference-model.ts'

interface Fact {
  readonly key: string
  readonly orderId: unknown
  readonly sku: string
  readonly cancelled: boolean
  readonly period: number
}

interface Watch {
  readonly orderId: string
  readonly email: string
  readonly period: number
}

/** `required` must be sent once; what is `allowed` may be sent once. A mail is its recipient and what it tells. */
export interface Mails {
  readonly required: ReadonlySet<string>
  readonly allowed: ReadonlySet<string>
}

/**
 * Which mails must go out. Events and watches reach the notifications service at once and in any order, and of two
 * facts of a line the older is dropped when it comes later. So of what happened between two rests (a period) only the
 * last fact of a line is certain to be told; with a rest after every step all are. That a line was cancelled is told only
 * to who watched before.
 */
export class MailModel {
  readonly #facts: Fact[] = []
  readonly #watches: Watch[] = []
  readonly #outOfStock: string[] = []
  #period = 0

  get watchers(): number {
    return this.#watches.length
  }

  hear(events: readonly ModelEvent[]): void {
    for (const event of events) {
      const { orderId, sku, reason } = event.payload
      const cancelled = event.type === 'BackorderCancelled' || reason === 'cancelled'
      if (event.type === 'OutOfStock') this.#outOfStock.push(`${STOCK_DESK} ${factKey(event)}`)
      else if (orderId !== undefined)
        this.#facts.push({ key: factKey(event), orderId, sku, cancelled, period: this.#period })
    }
  }

  watch(orderId: string, email: string): void {
    if (this.#watches.some((watch) => watch.orderId === orderId && watch.email === email)) return
    this.#watches.push({ orderId, email, period: this.#period })
  }

  /** All that has been told by now has arrived. */
  rest(): void {
    this.#period += 1
  }

  expected(): Mails {
    const required = new Set(this.#outOfStock)
    const allowed = new Set(this.#outOfStock)
    for (const watch of this.#watches) {
      const facts = this.#facts.filter(({ orderId }) => orderId === watch.orderId)
      for (const sku of new Set(facts.map((fact) => fact.sku))) {
        for (const told of this.#told(
          facts.filter((fact) => fact.sku === sku),
          watch,
        )) {
          for (const { key } of told) allowed.add(`${watch.email} ${key}`)
          const last = told.at(-1)
          if (last !== undefined && !(last.cancelled && last.period === watch.period))
            required.add(`${watch.email} ${last.key}`)
        }
      }
    }
    return { required, allowed }
  }

  /** A line's facts that one who watches may hear of, by periods; the first has what stood when the watch began. */
  #told(facts: readonly Fact[], watch: Watch): readonly (readonly Fact[])[] {
    const stood = facts.filter(({ period }) => period < watch.period).slice(-1)
    const before = stood.filter(({ cancelled }) => !cancelled)
    const periods = Array.from({ length: this.#period - watch.period + 1 }, (_, n) =>
      facts.filter(({ period }) => period === watch.period + n),
    )
    const [first = [], ...rest] = periods
    return [[...before, ...first], ...rest]
  }
}

const STOCK_DESK = 'stock@made.com'

/** Names an event: no line has two of a type in one version of its product. */
export function factKey({ type, payload }: ModelEvent): string {
  const { orderId, sku, version } = payload
  return `${type} ${orderId} ${sku} v${version}`
}
