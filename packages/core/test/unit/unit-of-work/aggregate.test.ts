import { expect, test } from 'vitest'
import { Basket, basketMapping, market } from '../../../src/contract-tests/unit-of-work/market.ts'
import { type Id, newId } from '../../../src/messages/id.ts'
import type { Event } from '../../../src/messages/message.ts'
import { IdentityMap } from '../../../src/unit-of-work/identity-map.ts'
import { inMemoryRepository } from '../../../src/unit-of-work/in-memory-repository.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import type { InMemoryUnit } from '../../../src/unit-of-work/in-memory-transaction.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import type { Aggregate } from '../../../src/unit-of-work/repository.ts'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

class Order implements Aggregate<Id<'Order'>> {
  readonly id: Id<'Order'>
  readonly events: Event[] = []

  constructor(id: Id<'Order'> = newId()) {
    this.id = id
  }
}

/** Its id means something outside, so it has no default. */
class Product implements Aggregate<Id<'Sku'>> {
  readonly id: Id<'Sku'>
  readonly events: Event[] = []

  constructor(id: Id<'Sku'>) {
    this.id = id
  }
}

test('DOM-26 an aggregate to which no id is given has a new one, and two of them differ', () => {
  expect(new Order().id).not.toBe(new Order().id)
})

test('DOM-31 AGG-02 an aggregate keeps the id that it is given, in its store too', async () => {
  const { units, stored } = openMarket()
  await units.run(async ({ baskets }) => baskets.add(Basket.new('given')))
  expect((await stored('given'))?.id).toBe('given')
})

test('DOM-32 AGG-01 an id that nobody gave is a UUID', () => {
  expect(new Order().id).toMatch(UUID_V7)
})

test('DOM-33 an id that means something is given, or nothing compiles: it has no default', () => {
  expect(new Product('LAMP' as Id<'Sku'>).id).toBe('LAMP')
  // @ts-expect-error a product needs its SKU
  expect(new Product().id).toBeUndefined()
})

test('DOM-39 an aggregate is made with the id and the version that were stored', () => {
  const map = new IdentityMap('baskets', basketMapping)
  const root = { id: 'a', owner: null, open: true, openedAt: null }
  expect(map.load('a', { root, children: { items: [] } }, 7)).toMatchObject({ id: 'a', version: 7 })
})

test('DOM-36 an aggregate of a domain has version 1 once it is stored, and its UUID', async () => {
  const { units, stored } = openMarket()
  const id = newId()
  await units.run(async ({ baskets }) => baskets.add(Basket.new(id)))
  expect(await stored(id)).toMatchObject({ id: expect.stringMatching(UUID_V7), version: 1 })
})

test('DOM-40 an event that an aggregate raises has its domain, name and payload, and is one of its own', async () => {
  const { units } = openMarket()
  await using unit = await units.start()
  const basket = Basket.new('a')
  unit.baskets.add(basket)
  basket.put('CHAIR', 1)
  basket.put('CHAIR', 1)
  await unit.commit()
  const [one, other] = unit.collectNewEvents()
  expect(one).toMatchObject({ type: 'market.ItemAdded', payload: { basketId: 'a', sku: 'CHAIR' } })
  expect(one?.payload).toEqual(other?.payload)
  expect(one?.id).not.toBe(other?.id)
})

test('DOM-42 each change that is committed raises the version by one', async () => {
  const { units, stored } = openMarket()
  await units.run(async ({ baskets }) => baskets.add(Basket.new('a')))
  const versions: unknown[] = []
  for (const qty of [1, 2, 3]) {
    await units.run(async ({ baskets }) => (await baskets.get('a'))?.put('CHAIR', qty))
    versions.push((await stored('a'))?.version)
  }
  expect(versions).toEqual([2, 3, 4])
})

function openMarket() {
  const units = inMemoryUnitsOfWork({
    domain: market,
    store: new InMemoryStore(),
    repositories: { baskets: (unit: InMemoryUnit) => inMemoryRepository(unit, 'baskets', basketMapping) },
  })
  return { units, stored: (id: string) => units.run(async ({ baskets }) => baskets.get(id)) }
}
