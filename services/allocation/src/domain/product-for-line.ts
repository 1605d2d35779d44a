import type { OrderLine } from './order-line.ts'
import type { Placement, Product } from './product.ts'

/**
 * A product as far as it concerns one line: where that line stands, if it does, and the first batch that has enough for
 * it. Nothing else of the product need be there, and so nothing else can be asked of it.
 */
export class ProductForLine {
  readonly #product: Product
  readonly #line: OrderLine

  constructor(product: Product, line: OrderLine) {
    this.#product = product
    this.#line = line
  }

  allocate(): Placement {
    return this.#product.allocate(this.#line)
  }
}
