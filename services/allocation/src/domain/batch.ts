import { byCodePoints } from './by-code-points.ts'
import type { OrderLine } from './order-line.ts'

/** What a batch was created with. `eta` is a calendar date, or null for stock that is in the warehouse. */
export interface BatchContent {
  readonly ref: string
  readonly sku: string
  readonly qty: number
  readonly eta: string | null
}

/** What of a batch may change: how much it holds in all, and how much of that no line has. */
export interface BatchStock {
  readonly purchasedQty: number
  readonly availableQty: number
}

/** A line in a batch; `position` tells the order in which the product's lines were moved. */
export interface Allocation {
  readonly line: OrderLine
  readonly position: number
}

/**
 * Stock of one SKU that was bought together, and the order lines that it serves. How much of it they have it knows by
 * itself, so that it can tell what is available when not all of them are at hand.
 */
export class Batch {
  readonly content: BatchContent
  readonly #allocations: Map<string, Allocation>
  #purchasedQty: number
  #availableQty: number

  constructor(
    content: BatchContent,
    { purchasedQty, availableQty }: BatchStock = { purchasedQty: content.qty, availableQty: content.qty },
    allocations: readonly Allocation[] = [],
  ) {
    this.content = content
    this.#purchasedQty = checked(purchasedQty)
    this.#availableQty = availableQty
    this.#allocations = new Map(
      [...allocations]
        .sort((a, b) => a.position - b.position)
        .map((allocation) => [allocation.line.orderId, allocation]),
    )
  }

  get ref(): string {
    return this.content.ref
  }

  get eta(): string | null {
    return this.content.eta
  }

  get purchasedQty(): number {
    return this.#purchasedQty
  }

  /** Below 0 only between a change of quantity and the release of lines that follows it. */
  get availableQty(): number {
    return this.#availableQty
  }

  /** First allocated first. */
  get allocations(): readonly Allocation[] {
    return [...this.#allocations.values()]
  }

  lineOf(orderId: string): OrderLine | undefined {
    return this.#allocations.get(orderId)?.line
  }

  canAllocate(line: OrderLine): boolean {
    return line.sku === this.content.sku && line.qty <= this.availableQty
  }

  allocate(line: OrderLine, position: number): void {
    if (this.#allocations.has(line.orderId) || !this.canAllocate(line)) return
    this.#allocations.set(line.orderId, { line, position })
    this.#availableQty -= line.qty
  }

  deallocate(line: OrderLine): void {
    if (!this.#allocations.delete(line.orderId)) return
    this.#availableQty += line.qty
  }

  changePurchasedQty(qty: number): void {
    this.#availableQty += checked(qty) - this.#purchasedQty
    this.#purchasedQty = qty
  }

  holds({ purchasedQty, availableQty }: BatchStock): boolean {
    return purchasedQty === this.purchasedQty && availableQty === this.availableQty
  }

  hasContent({ ref, sku, qty, eta }: BatchContent): boolean {
    const own = this.content
    return ref === own.ref && sku === own.sku && qty === own.qty && eta === own.eta
  }
}

/** Warehouse stock first, then the earliest arrival, then by reference. */
export function byPreference(a: Preferred, b: Preferred): number {
  return byCodePoints(a.eta ?? '', b.eta ?? '') || byCodePoints(a.ref, b.ref)
}

type Preferred = Pick<BatchContent, 'eta' | 'ref'>

function checked(qty: number): number {
  if (!Number.isSafeInteger(qty) || qty < 0) {
    throw new RangeError(`A batch needs a whole quantity that is not negative, not ${qty}`)
  }
  return qty
}
