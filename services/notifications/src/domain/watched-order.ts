import type { Aggregate, Event } from '@posthorn/core'

/** The latest that is known of one line of an order. `version` is the product's: of two facts the higher is later. */
export interface Fact {
  readonly kind: 'allocated' | 'deallocated' | 'cancelled'
  readonly sku: string
  readonly qty: number
  /** Null of a line that was cancelled while it waited. */
  readonly batchRef: string | null
  readonly version: number
  readonly eventId: string
}

/** Who wants to know about an order, and what there is to know. Either may come first. */
export class WatchedOrder implements Aggregate {
  readonly id: string
  readonly events: Event[] = []
  readonly #watchers: Set<string>
  readonly #facts: Map<string, Fact>

  constructor(orderId: string, watchers: readonly string[] = [], facts: readonly Fact[] = []) {
    this.id = orderId
    this.#watchers = new Set(watchers)
    this.#facts = new Map(facts.map((fact) => [fact.sku, fact]))
  }

  get watchers(): readonly string[] {
    return [...this.#watchers]
  }

  get facts(): readonly Fact[] {
    return [...this.#facts.values()]
  }

  /** Gives who is to be told: nobody of what is known already or overtaken. */
  learn(fact: Fact): readonly string[] {
    const known = this.#facts.get(fact.sku)
    if (known !== undefined && known.version >= fact.version) return []
    this.#facts.set(fact.sku, fact)
    return this.watchers
  }

  /**
   * Gives what the new watcher has missed. That a line was cancelled is not among it: he has asked for the line anew
   * since, or knows who cancelled it.
   */
  watch(email: string): readonly Fact[] {
    if (this.#watchers.has(email)) return []
    this.#watchers.add(email)
    return this.facts.filter(({ kind }) => kind !== 'cancelled')
  }
}
