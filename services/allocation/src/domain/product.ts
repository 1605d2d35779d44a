import { allocation } from '@posthorn/contracts'
import type { Aggregate, Event } from '@posthorn/core'
import { type Batch, byPreference } from './batch.ts'
import type { OrderLine } from './order-line.ts'

/** A line that no batch serves. `told` is false until its first try has failed and `OutOfStock` was raised. */
export interface WaitingLine {
  readonly line: OrderLine
  readonly position: number
  readonly told: boolean
}

export interface Placement {
  readonly batchRef: string | null
  readonly repeated: boolean
}

interface ProductState {
  readonly sku: string
  readonly version?: number
  readonly moves?: number
  readonly batches?: readonly Batch[]
  readonly waiting?: readonly WaitingLine[]
}

const { Allocated, AllocationRequired, BatchCreated, BatchQuantityChanged, Deallocated, OutOfStock } =
  allocation.events
const { BatchConflict, BatchNotFound, LineQuantityConflict } = allocation.errors

/** All batches of one SKU and all lines that want it: each line stands in one batch, or waits. */
export class Product implements Aggregate {
  readonly id: string
  readonly version: number
  readonly events: Event[] = []
  readonly #batches: Batch[]
  readonly #waiting: Map<string, WaitingLine>
  #moves: number

  constructor({ sku, version = 0, moves = 0, batches = [], waiting = [] }: ProductState) {
    this.id = sku
    this.version = version
    this.#moves = moves
    this.#batches = [...batches].sort(byPreference)
    this.#waiting = new Map(
      [...waiting].sort((a, b) => a.position - b.position).map((entry) => [entry.line.orderId, entry]),
    )
  }

  get sku(): string {
    return this.id
  }

  /** How often a line began to wait or was allocated: the source of every line's position. */
  get moves(): number {
    return this.#moves
  }

  /** In the order in which they are drawn upon. */
  get batches(): readonly Batch[] {
    return this.#batches
  }

  /** In the order in which they began to wait. */
  get waiting(): readonly WaitingLine[] {
    return [...this.#waiting.values()]
  }

  /** False when this very batch was created before. */
  createBatch(batch: Batch): boolean {
    const known = this.#batches.find(({ ref }) => ref === batch.ref)
    if (known?.hasContent(batch.content)) return false
    if (known !== undefined) throw new BatchConflict({ ref: batch.ref })
    this.#batches.push(batch)
    this.#batches.sort(byPreference)
    this.events.push(BatchCreated(batch.content))
    this.allocateWaiting()
    return true
  }

  changeBatchQuantity(ref: string, qty: number): { readonly batch: Batch; readonly released: number } {
    const batch = this.#batches.find((candidate) => candidate.ref === ref)
    if (batch === undefined) throw new BatchNotFound({ ref })
    const previousQty = batch.purchasedQty
    if (qty === previousQty) return { batch, released: 0 }

    batch.changePurchasedQty(qty)
    this.events.push(BatchQuantityChanged({ ref, sku: this.sku, qty, previousQty }))
    const released = this.#releaseSurplus(batch)
    if (qty > previousQty) this.allocateWaiting()
    return { batch, released }
  }

  allocate(line: OrderLine): Placement {
    const holder = this.#batches.find((batch) => batch.lineOf(line.orderId) !== undefined)
    const known = holder?.lineOf(line.orderId) ?? this.#waiting.get(line.orderId)?.line
    if (known === undefined) {
      this.#beginToWait(line)
      return { batchRef: this.#tryToAllocate(line), repeated: false }
    }
    if (known.qty !== line.qty) {
      throw new LineQuantityConflict({ ...known, requestedQty: line.qty })
    }
    return { batchRef: holder?.ref ?? null, repeated: true }
  }

  /** Frees what the order's line holds for those that wait. */
  cancel(orderId: string): void {
    this.#waiting.delete(orderId)
    for (const batch of this.#batches) {
      const line = batch.lineOf(orderId)
      if (line !== undefined) batch.deallocate(line)
    }
    this.allocateWaiting()
  }

  /** Tries each waiting line once. One that does not fit does not hold up the next. */
  allocateWaiting(): void {
    for (const { line } of this.waiting) this.#tryToAllocate(line)
  }

  #tryToAllocate(line: OrderLine): string | null {
    const batch = this.#batches.find((candidate) => candidate.canAllocate(line))
    if (batch === undefined) {
      this.#tellOutOfStock(line)
      return null
    }
    this.#waiting.delete(line.orderId)
    this.#moves += 1
    batch.allocate(line, this.#moves)
    this.events.push(Allocated({ ...line, batchRef: batch.ref, version: this.#nextVersion }))
    return batch.ref
  }

  #tellOutOfStock(line: OrderLine): void {
    const entry = this.#waiting.get(line.orderId)
    if (entry === undefined || entry.told) return
    this.#waiting.set(line.orderId, { ...entry, told: true })
    this.events.push(OutOfStock({ ...line, version: this.#nextVersion }))
  }

  #beginToWait(line: OrderLine): void {
    this.#moves += 1
    this.#waiting.set(line.orderId, { line, position: this.#moves, told: false })
  }

  /** Last allocated first, until the batch can serve all that it holds. */
  #releaseSurplus(batch: Batch): number {
    let released = 0
    for (const { line } of [...batch.allocations].reverse()) {
      if (batch.availableQty >= 0) break
      batch.deallocate(line)
      this.#beginToWait(line)
      released += 1
      const version = this.#nextVersion
      this.events.push(Deallocated({ ...line, batchRef: batch.ref, reason: 'released', version }))
      this.events.push(AllocationRequired(line))
    }
    return released
  }

  /** The version under which this unit of work will store what it changed. */
  get #nextVersion(): number {
    return this.version + 1
  }
}
