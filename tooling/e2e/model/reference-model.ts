import type { Answer, Request, RequestFor } from './request.ts'

export interface ModelBatch {
  readonly ref: string
  readonly eta: string | null
  readonly createdQty: number
  qty: number
}

/** In a batch or, with `batchRef` null, waiting; `since` tells the order in which lines got where they are. */
export interface ModelLine {
  readonly orderId: string
  readonly qty: number
  batchRef: string | null
  since: number
  told: boolean
}

export interface ModelProduct {
  readonly sku: string
  version: number
  readonly batches: ModelBatch[]
  lines: ModelLine[]
}

/** A public event that must be seen. */
export interface ModelEvent {
  readonly type: string
  readonly payload: Readonly<Record<string, unknown>> & { readonly sku: string }
}

/**
 * The allocation rules, written down from their specification and not from the service, whose judge this is. An answer
 * holds what the specification says of it, an event all of its payload.
 */
export class ReferenceModel {
  readonly products = new Map<string, ModelProduct>()
  readonly events: ModelEvent[] = []
  #moves = 0

  answer(request: Request): Answer {
    switch (request.do) {
      case 'CreateBatch':
        return this.#createBatch(request)
      case 'ChangeBatchQuantity':
        return this.#changeBatchQuantity(request)
      case 'Allocate':
        return this.#allocate(request)
      case 'CancelLine':
        return this.#cancelLine(request)
    }
  }

  lineOf(orderId: string, sku: string): ModelLine | undefined {
    return this.products.get(sku)?.lines.find((line) => line.orderId === orderId)
  }

  ownerOf(ref: string): ModelProduct | undefined {
    return [...this.products.values()].find(({ batches }) => batches.some((batch) => batch.ref === ref))
  }

  #createBatch({ ref, sku, qty, eta }: RequestFor<'CreateBatch'>): Answer {
    const owner = this.ownerOf(ref)
    if (owner !== undefined) {
      const known = batchOf(owner, ref)
      const same = owner.sku === sku && known.createdQty === qty && known.eta === eta
      return same ? { created: false } : { error: 'BatchConflict' }
    }
    const product = this.products.get(sku) ?? { sku, version: 0, batches: [], lines: [] }
    this.products.set(sku, product)
    product.version += 1
    product.batches.push({ ref, eta, createdQty: qty, qty })
    product.batches.sort((one, other) => (preference(one) < preference(other) ? -1 : 1))
    this.#tell(product, 'BatchCreated', { ref, qty, eta })
    this.#tryWaiting(product)
    return { created: true }
  }

  #changeBatchQuantity({ ref, qty }: RequestFor<'ChangeBatchQuantity'>): Answer {
    const product = this.ownerOf(ref)
    if (product === undefined) return { error: 'BatchNotFound' }
    const batch = batchOf(product, ref)
    const previousQty = batch.qty
    let released = 0
    if (qty !== previousQty) {
      product.version += 1
      batch.qty = qty
      this.#tell(product, 'BatchQuantityChanged', { ref, qty, previousQty })
      for (; available(product, batch) < 0; released += 1) this.#release(product, batch)
      if (qty > previousQty) this.#tryWaiting(product)
    }
    const answer = { qty, availableQty: available(product, batch), released }
    if (released > 0) {
      // What follows from AllocationRequired, in a transaction of its own: each released line is tried, so it changes.
      product.version += 1
      this.#tryWaiting(product)
    }
    return answer
  }

  #allocate({ orderId, sku, qty }: RequestFor<'Allocate'>): Answer {
    const product = this.products.get(sku)
    if (product === undefined) return { error: 'InvalidSku' }
    const known = this.lineOf(orderId, sku)
    if (known !== undefined && known.qty !== qty) return { error: 'LineQuantityConflict' }
    if (known !== undefined) return { ...placeOf(known), repeated: true }
    product.version += 1
    const line = { orderId, qty, batchRef: null, since: ++this.#moves, told: false }
    product.lines.push(line)
    this.#try(product, line)
    return { ...placeOf(line), repeated: false }
  }

  #cancelLine({ orderId, sku }: RequestFor<'CancelLine'>): Answer {
    const product = this.products.get(sku)
    const line = this.lineOf(orderId, sku)
    if (product === undefined || line === undefined) return { error: 'LineNotFound' }
    product.version += 1
    product.lines = product.lines.filter((other) => other !== line)
    if (line.batchRef !== null) this.#deallocated(product, line, line.batchRef, 'cancelled')
    else this.#tell(product, 'BackorderCancelled', { orderId, qty: line.qty, version: product.version })
    this.#tryWaiting(product)
    return {}
  }

  /** Takes the line that was allocated last out of a batch: it begins to wait. */
  #release(product: ModelProduct, batch: ModelBatch): void {
    const last = linesIn(product, batch.ref).at(-1) as ModelLine
    Object.assign(last, { batchRef: null, since: ++this.#moves, told: false })
    this.#deallocated(product, last, batch.ref, 'released')
  }

  #tryWaiting(product: ModelProduct): void {
    for (const line of linesIn(product, null)) this.#try(product, line)
  }

  #try(product: ModelProduct, line: ModelLine): void {
    const { orderId, qty } = line
    const batch = product.batches.find((candidate) => available(product, candidate) >= qty)
    if (batch !== undefined) {
      Object.assign(line, { batchRef: batch.ref, since: ++this.#moves })
      this.#tell(product, 'Allocated', { orderId, qty, batchRef: batch.ref, version: product.version })
    } else if (!line.told) {
      line.told = true
      this.#tell(product, 'OutOfStock', { orderId, qty, version: product.version })
    }
  }

  #deallocated(product: ModelProduct, line: ModelLine, batchRef: string, reason: string): void {
    const { orderId, qty } = line
    this.#tell(product, 'Deallocated', { orderId, qty, batchRef, reason, version: product.version })
  }

  #tell({ sku }: ModelProduct, type: string, facts: Readonly<Record<string, unknown>>): void {
    this.events.push({ type, payload: { sku, ...facts } })
  }
}

/** Of one batch, or of those that wait; first come, first. */
export function linesIn({ lines }: ModelProduct, batchRef: string | null): readonly ModelLine[] {
  return lines.filter((line) => line.batchRef === batchRef).sort((one, other) => one.since - other.since)
}

export function available(product: ModelProduct, { ref, qty }: ModelBatch): number {
  return linesIn(product, ref).reduce((left, line) => left - line.qty, qty)
}

function batchOf({ batches }: ModelProduct, ref: string): ModelBatch {
  return batches.find((batch) => batch.ref === ref) as ModelBatch
}

/** Stock in the warehouse first, then what comes earliest, then by reference. */
function preference({ eta, ref }: ModelBatch): string {
  return `${eta ?? ''} ${ref}`
}

export function placeOf({ batchRef }: ModelLine): Answer {
  return { status: batchRef === null ? 'backordered' : 'allocated', batchRef }
}
