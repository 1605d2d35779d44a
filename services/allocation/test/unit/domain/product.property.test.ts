import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Product } from '../../../src/domain/product.ts'
import { ProductModel } from './product-model.ts'
import { batchOf, clocks, SKU, told } from './products.ts'

const ref = fc.constantFrom('b1', 'b2', 'b3')
const orderId = fc.constantFrom('o1', 'o2', 'o3', 'o4', 'o5', 'o6')
const qty = fc.integer({ min: 1, max: 9 })
const eta = fc.constantFrom(null, '2030-01-01', '2030-02-02')

const step = fc.oneof(
  fc.record({ do: fc.constant('create'), ref, qty: fc.integer({ min: 1, max: 20 }), eta }),
  fc.record({ do: fc.constant('change'), ref, qty: fc.integer({ min: 0, max: 20 }) }),
  fc.record({ do: fc.constant('allocate'), orderId, qty }),
  fc.record({ do: fc.constant('cancel'), orderId }),
  fc.record({ do: fc.constant('try') }),
)
type Told = { orderId: string; batchRef: string; reason?: string }
type Step = { do: string; ref?: string; orderId?: string; qty?: number; eta?: string | null }

function apply(
  { do: what, ref = '', orderId = '', qty = 0, eta = null }: Step,
  product: Product,
  model: ProductModel,
) {
  switch (what) {
    case 'create':
      return both(
        () => void product.createBatch(batchOf(ref, qty, eta)),
        () => model.createBatch(ref, qty, eta),
      )
    case 'change':
      return both(
        () => void product.changeBatchQuantity(ref, qty),
        () => model.changeQuantity(ref, qty),
      )
    case 'allocate':
      return both(
        () => product.allocate(clocks(orderId, qty)).batchRef,
        () => model.allocate(orderId, qty),
      )
    case 'cancel':
      return both(
        () => product.cancel(orderId).batchRef,
        () => model.cancel(orderId),
      )
    default:
      return both(
        () => product.allocateWaiting(),
        () => model.tryWaiting(),
      )
  }
}

test('a product does what the rules say, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const product = new Product({ sku: SKU })
      const model = new ProductModel()
      for (const each of steps) {
        apply(each, product, model)
        expect(pictureOf(product)).toEqual(model.picture())
        expect(product.batches.filter(({ availableQty }) => availableQty < 0)).toEqual([])
      }
      product.allocateWaiting()
      model.tryWaiting()
      expect(model.wronglyWaiting()).toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('what a product tells is what a listener must know to say where every line is', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const product = new Product({ sku: SKU })
      const model = new ProductModel()
      const heard = new Map<string, string>()
      for (const each of steps) {
        apply(each, product, model)
        for (const [name, payload] of told(product)) {
          const { orderId: order, batchRef, reason } = payload as Told
          if (name === 'Allocated') heard.set(order, batchRef)
          if (name === 'Deallocated') heard.set(order, 'waits')
          if (name === 'BackorderCancelled' || reason === 'cancelled') heard.delete(order)
          if (name === 'OutOfStock') {
            expect(heard.get(order)).not.toBe('waits, told')
            heard.set(order, 'waits, told')
          }
        }
        expect([...heard].sort()).toEqual([...placesOf(product)].sort())
      }
    }),
    { numRuns: 500 },
  )
})

function both<T>(real: () => T, expected: () => T): void {
  const outcome = (run: () => T) => {
    try {
      return { value: run() }
    } catch (error) {
      const { name, message } = error as Error
      return { error: name === 'Error' ? message : name }
    }
  }
  expect(outcome(real)).toEqual(outcome(expected))
}

function pictureOf(product: Product) {
  return {
    batches: product.batches.map((batch) => ({
      ref: batch.ref,
      qty: batch.purchasedQty,
      available: batch.availableQty,
      lines: batch.allocations.map(({ line }) => line.orderId).sort(),
    })),
    waiting: product.waiting.map(({ line }) => line.orderId),
  }
}

function placesOf(product: Product): readonly (readonly [string, string])[] {
  return [
    ...product.batches.flatMap((batch) =>
      batch.allocations.map(({ line }) => [line.orderId, batch.ref] as const),
    ),
    ...product.waiting.map(
      ({ line, told: known }) => [line.orderId, known ? 'waits, told' : 'waits'] as const,
    ),
  ]
}
