import { allocation } from '@posthorn/contracts'
import type { Aggregate, Event } from '@posthorn/core'
import { type Batch, type BatchStock, byPreference } from './batch.ts'
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

const { Allocated, BackorderCancelled, Deallocated, OutOfStock } = allocation.events
const { AllocationRequired, BatchCreated, BatchQuantityChanged } = allocation.events
const { BatchChanged, BatchConflict, BatchNotFound, LineNotFound, LineQuantityConflict } = allocation.errors

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

  /** Gives the batch as it is known when this very batch was created before. */
  createBatch(batch: Batch): { readonly batch: Batch; readonly created: boolean } {
    const known = this.#batches.find(({ ref }) => ref === batch.ref)
    if (known?.hasContent(batch.content)) return { batch: known, created: false }
    if (known !== undefined) throw new BatchConflict({ ref: batch.ref })
    this.#batches.push(batch)
    this.#batches.sort(byPreference)
    this.events.push(BatchCreated(batch.content))
    this.allocateWaiting()
    return { batch, created: true }
  }

  /** @param expected if given, what the batch must hold before: one of these */
  changeBatchQuantity(
    ref: string,
    qty: number,
    expected?: readonly BatchStock[],
  ): { readonly batch: Batch; readonly released: number } {
    const batch = this.#batches.find((candidate) => candidate.ref === ref)
    if (batch === undefined) throw new BatchNotFound({ ref })
    const { purchasedQty: previousQty, availableQty } = batch
    if (expected !== undefined && !expected.some((stock) => batch.holds(stock))) {
      throw new BatchChanged({ ref, purchasedQty: previousQty, availableQty })
    }
    if (qty === previousQty) return { batch, released: 0 }

    batch.changePurchasedQty(qty)
    this.events.push(BatchQuantityChanged({ ref, sku: this.sku, qty, previousQty }))
    const released = this.#releaseSurplus(batch)
    if (qty > previousQty) this.allocateWaiting()
    return { batch, released }
  }

  allocate(line: OrderLine): Placement {
    const { known, holder } = this.#find(line.orderId)
    if (known === undefined) {
      this.#beginToWait(line)
      return { batchRef: this.#tryToAllocate(line), repeated: false }
    }
    if (known.qty !== line.qty) {
      throw new LineQuantityConflict({ ...known, requestedQty: line.qty })
    }
    return { batchRef: holder?.ref ?? null, repeated: true }
  }

  /** Forgets the order's line, and frees what it held for those that wait. Gives where it stood. */
  cancel(orderId: string): Pick<Placement, 'batchRef'> {
    const { known, holder } = this.#find(orderId)
    if (known === undefined) throw new LineNotFound({ orderId, sku: this.sku })
    const version = this.#nextVersion
    if (holder === undefined) {
      this.#waiting.delete(orderId)
      this.events.push(BackorderCancelled({ ...known, version }))
    } else {
      holder.deallocate(known)
      this.events.push(Deallocated({ ...known, batchRef: holder.ref, reason: 'cancelled', version }))
    }
    this.allocateWaiting()
    return { batchRef: holder?.ref ?? null }
  }

  /** Tries each waiting line once. One that does not fit does not hold up the next. */
  allocateWaiting(): void {
    for (const { line } of this.waiting) this.#tryToAllocate(line)
  }

  /** `holder` is undefined while the line waits. */
  #find(orderId: string): { readonly known: OrderLine | undefined; readonly holder: Batch | undefined } {
    const holder = this.#batches.find((batch) => batch.lineOf(orderId) !== undefined)
    return { known: holder?.lineOf(orderId) ?? this.#waiting.get(orderId)?.line, holder }
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
