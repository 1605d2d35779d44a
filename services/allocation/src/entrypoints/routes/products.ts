import { commonProblems, problem, type Routes } from '@posthorn/chassis'
import { allocation, productDetails } from '@posthorn/contracts'
import type { UnitsOfWork } from '@posthorn/core'
import { z } from 'zod'
import type { Repositories } from '../../service-layer/unit.ts'
import { productOf } from '../../views/products.ts'
import { productsPage } from '../../views/stock.ts'
import { pageOf, paging } from '../paging.ts'

const { sku, version } = productDetails.shape
const pieces = z.int().min(0)
const item = z.object({
  sku,
  version,
  purchasedQty: pieces.describe('in all its batches'),
  availableQty: pieces.describe('of these, what no line has'),
  waitingQty: pieces.describe('for which lines wait'),
})

export function productRoutes(units: UnitsOfWork<Repositories>): Routes {
  return (app, _options, done) => {
    app.get(
      '/products',
      {
        schema: {
          summary: 'Products in figures, in the order of SKUs, page by page',
          querystring: paging(sku),
          response: { 200: pageOf(item), ...commonProblems },
        },
      },
      ({ query: { after, limit } }) => productsPage({ after, limit }, units),
    )

    app.get(
      '/products/:sku',
      {
        schema: {
          summary: 'The batches of a product, in the order in which they are drawn upon, and what waits',
          params: productDetails.pick({ sku: true }),
          response: { 200: productDetails, 404: problem('There is no such product'), ...commonProblems },
        },
      },
      async ({ params: { sku } }) => {
        const product = await productOf(sku, units)
        if (product === undefined) throw new allocation.errors.InvalidSku({ sku })
        return product
      },
    )
    done()
  }
}
