import type { Actor } from './actor.ts'

/** Something that is going to happen. */
export interface Planned {
  /** µs of virtual time. */
  at: number
  /** What is planned for the same time happens in the order of planning. */
  readonly order: number
  readonly from: Actor
  readonly to: Actor
  /** Null for what does not stand in the trace. */
  readonly what: string | null
  /** On its way through a network: until it has arrived nothing is quiet. */
  readonly inFlight: boolean
  readonly run: () => void
  cancelled: boolean
}

/** What is planned, the next first: a binary heap. */
export class Agenda {
  readonly #heap: Planned[] = []

  get size(): number {
    return this.#heap.length
  }

  push(planned: Planned): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(planned)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Planned
      if (!isBefore(planned, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = planned
  }

  pop(): Planned | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as Planned)) child += 1
      if (!isBefore(heap[child] as Planned, last)) break
      heap[index] = heap[child] as Planned
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(one: Planned, other: Planned): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
