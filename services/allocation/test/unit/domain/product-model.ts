/** The rules of allocation once more, without efficiency or events: what the real model is compared with. */
export class ProductModel {
  readonly #batches: { ref: string; eta: string; created: string; qty: number }[] = []
  readonly #lines: { orderId: string; qty: number; batch: string | null; since: number }[] = []
  #clock = 0

  createBatch(ref: string, qty: number, eta: string | null): void {
    const created = JSON.stringify([qty, eta])
    const known = this.#batches.find((batch) => batch.ref === ref)
    if (known !== undefined) {
      if (known.created !== created) throw new Error('BatchConflict')
      return
    }
    this.#batches.push({ ref, eta: eta ?? '', created, qty })
    this.tryWaiting()
  }

  changeQuantity(ref: string, qty: number): void {
    const batch = this.#batches.find((candidate) => candidate.ref === ref)
    if (batch === undefined) throw new Error('BatchNotFound')
    const raised = qty > batch.qty
    batch.qty = qty
    while (this.#available(ref) < 0) {
      const held = this.#lines.filter((line) => line.batch === ref)
      const last = held.find(({ since }) => since === Math.max(...held.map((line) => line.since)))
      Object.assign(last as object, { batch: null, since: ++this.#clock })
    }
    if (raised) this.tryWaiting()
  }

  allocate(orderId: string, qty: number): string | null {
    let line = this.#lines.find((candidate) => candidate.orderId === orderId)
    if (line !== undefined) {
      if (line.qty !== qty) throw new Error('LineQuantityConflict')
      return line.batch
    }
    line = { orderId, qty, batch: null, since: ++this.#clock }
    this.#lines.push(line)
    this.#try(line)
    return line.batch
  }

  cancel(orderId: string): string | null {
    const index = this.#lines.findIndex((line) => line.orderId === orderId)
    const [line] = index < 0 ? [] : this.#lines.splice(index, 1)
    if (line === undefined) throw new Error('LineNotFound')
    this.tryWaiting()
    return line.batch
  }

  tryWaiting(): void {
    for (const line of this.#waiting()) this.#try(line)
  }

  /** Where everything is, in a form to compare. */
  picture() {
    return {
      batches: this.#sorted().map(({ ref, qty }) => ({
        ref,
        qty,
        available: this.#available(ref),
        lines: this.#lines
          .filter((line) => line.batch === ref)
          .map(({ orderId }) => orderId)
          .sort(),
      })),
      waiting: this.#waiting().map(({ orderId }) => orderId),
    }
  }

  /** The lines that wait although a batch has room for them. */
  wronglyWaiting(): readonly string[] {
    return this.#waiting()
      .filter(({ qty }) => this.#batches.some(({ ref }) => this.#available(ref) >= qty))
      .map(({ orderId }) => orderId)
  }

  #try(line: { qty: number; batch: string | null; since: number }): void {
    const batch = this.#sorted().find(({ ref }) => this.#available(ref) >= line.qty)
    if (batch !== undefined) Object.assign(line, { batch: batch.ref, since: ++this.#clock })
  }

  #waiting() {
    return this.#lines.filter(({ batch }) => batch === null).sort((a, b) => a.since - b.since)
  }

  #sorted() {
    return [...this.#batches].sort((a, b) => (`${a.eta} ${a.ref}` < `${b.eta} ${b.ref}` ? -1 : 1))
  }

  #available(ref: string): number {
    const batch = this.#batches.find((candidate) => candidate.ref === ref)
    const held = this.#lines.filter((line) => line.batch === ref)
    return (batch?.qty ?? 0) - held.reduce((sum, { qty }) => sum + qty, 0)
  }
}
