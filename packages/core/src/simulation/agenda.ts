import type { Actor } from './actor.ts'

/** What stands in an agenda. */
export interface Due {
  /** When it is due, in one unit of time for the whole agenda. */
  at: number
  /** What is planned for the same time happens in the order of planning. */
  readonly order: number
  cancelled: boolean
}

/** Something that is going to happen in a simulation; `at` in µs of virtual time. */
export interface Planned extends Due {
  readonly from: Actor
  readonly to: Actor
  /** Null for what does not stand in the trace. */
  readonly what: string | null
  /** On its way through a network: until it has arrived nothing is quiet. */
  readonly inFlight: boolean
  readonly run: () => void
}

/** What is planned, the next first: a binary heap. */
export class Agenda<T extends Due> {
  readonly #heap: T[] = []

  get size(): number {
    return this.#heap.length
  }

  /** The next one, which stays. */
  get first(): T | undefined {
    return this.#heap[0]
  }

  push(planned: T): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(planned)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as T
      if (!isBefore(planned, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = planned
  }

  pop(): T | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as T)) child += 1
      if (!isBefore(heap[child] as T, last)) break
      heap[index] = heap[child] as T
      index = child
    }
    heap[index] = last
    return first
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
