import { commonProblems, problem, type Routes } from '@posthorn/chassis'
import { allocation, productDetails } from '@posthorn/contracts'
import type { UnitsOfWork } from '@posthorn/core'
import type { Repositories } from '../../service-layer/unit.ts'
import { productOf } from '../../views/products.ts'

export function productRoutes(units: UnitsOfWork<Repositories>): Routes {
  return (app, _options, done) => {
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
