import type { Repository, UnitOfWork } from '@posthorn/core'
import type { OrderLine } from '../domain/order-line.ts'
import type { Product } from '../domain/product.ts'
import type { ProductForLine } from '../domain/product-for-line.ts'
import type { AllocationsView } from '../views/allocations.ts'
import type { ShownProducts } from '../views/products.ts'
import type { StockView } from '../views/stock.ts'

export interface ProductRepository extends Repository<Product>, ShownProducts {
  /** The product of a line, for update, as far as it concerns that line: however large it is, this reads little. */
  getForLine(line: OrderLine): Promise<ProductForLine | undefined>
  /**
   * The product that owns the batch, for update. Nobody else gets or creates a batch of this reference until the unit
   * ends, whether it exists or not.
   */
  getByBatch(ref: string): Promise<Product | undefined>
}

export interface Repositories {
  readonly products: ProductRepository
  readonly allocations: AllocationsView
  readonly stock: StockView
}

export type Unit = UnitOfWork<Repositories, 'allocation'>
