import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineDomain } from '../../../src/messages/define-domain.ts'
import { type Id, newId } from '../../../src/messages/id.ts'
import type { Event } from '../../../src/messages/message.ts'
import { inMemoryRepository } from '../../../src/unit-of-work/in-memory-repository.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import type { InMemoryUnit } from '../../../src/unit-of-work/in-memory-transaction.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import type { Aggregate, AggregateMapping } from '../../../src/unit-of-work/repository.ts'

class Product implements Aggregate<Id<'Product'>> {
  readonly id: Id<'Product'>
  readonly events: Event[] = []

  constructor(id: Id<'Product'>) {
    this.id = id
  }
}

const mapping: AggregateMapping<Product> = {
  toRows: ({ id }) => ({ root: { id }, children: {} }),
  fromRows: ({ root }) => new Product(root['id'] as Id<'Product'>),
  childKeys: {},
}

const units = () =>
  inMemoryUnitsOfWork({
    domain: defineDomain('shop', {}),
    store: new InMemoryStore(),
    repositories: { products: (unit: InMemoryUnit) => inMemoryRepository(unit, 'products', mapping) },
  })

test('new ids are UUIDs of version 7, each greater than the one before', () => {
  const ids = Array.from({ length: 1_000 }, () => newId())

  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(ids).toEqual([...new Set(ids)].sort())
})

test('DOM-30 a repository takes its aggregate’s ids; another’s, or any text, does not compile', async () => {
  const lamp: Id<'Product'> = newId()
  await using unit = await units().start()
  unit.products.add(new Product(lamp))

  expect(await unit.products.get(lamp)).toMatchObject({ id: lamp })
  // @ts-expect-error an order is no product
  expect(await unit.products.get(newId<Id<'Order'>>())).toBeUndefined()
  // @ts-expect-error nor is any text
  expect(await unit.products.get('lamp')).toBeUndefined()
  // @ts-expect-error an order's id makes no product
  new Product(newId<Id<'Order'>>())
})

test('a schema gives an id its kind, and reads its own output again', () => {
  const schema = z.object({ product: z.uuid().transform((text) => text as Id<'Product'>) })
  const product: Id<'Product'> = newId()
  const read: { readonly product: Id<'Product'> } = schema.parse({ product })

  expect(schema.parse(JSON.parse(JSON.stringify(read)))).toEqual({ product })
})
