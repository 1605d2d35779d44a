import type { Flavour } from './system.ts'

/**
 * An order, and what whoever gave it knows of it in the end: that it was done or will be (the broker has it), with the
 * answer where there is one; that it was refused by the contract or never left; or nothing for certain.
 */
export interface Order {
  readonly id: string
  readonly flavour: Flavour
  outcome: 'done' | 'not done' | 'unknown'
  /** What was answered. */
  n: number | null
}

/** All orders of a world. */
export class Journal {
  readonly orders = new Map<string, Order>()
  readonly #open = new Set<Promise<unknown>>()
  /** What went wrong with giving orders. */
  readonly failures: string[] = []
  /** Workers that died where they were to die. */
  deaths = 0
  /** Deliveries that came to a worker again. */
  redelivered = 0

  /** Nothing is known of it yet. */
  enter(id: string, flavour: Flavour): Order {
    const order: Order = { id, flavour, outcome: 'unknown', n: null }
    this.orders.set(id, order)
    return order
  }

  /** Somebody waits for this. */
  wait(asking: Promise<unknown>): void {
    const waiting = asking
      .catch((error) => void this.failures.push(String(error)))
      .finally(() => this.#open.delete(waiting))
    this.#open.add(waiting)
  }

  /** Resolves when nobody waits for anything. */
  async closed(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open)
  }

  /** What a worker said of its own calls and of its deliveries. */
  hear(line: string): void {
    const [what, id = '', n] = line.split(' ')
    const known = this.orders.get(id)
    if (what === 'redelivered') this.redelivered += 1
    else if (what === 'asks') this.enter(id, 'plain')
    else if (known === undefined) throw new Error(`A worker said: ${line}`)
    else if (what === 'done') Object.assign(known, { outcome: 'done', n: Number(n) })
    else if (what === 'not-done') known.outcome = 'not done'
  }
}
