import { expect, test } from 'vitest'
import { gate } from '../../../src/contract-tests/external-bus/eventually.ts'
import { Basket, basketMapping, market } from '../../../src/contract-tests/unit-of-work/market.ts'
import {
  isPending,
  rejectsWith,
  storedEntries,
} from '../../../src/contract-tests/unit-of-work/store-fixture.ts'
import { inMemoryRepository } from '../../../src/unit-of-work/in-memory-repository.ts'
import { InMemoryStore } from '../../../src/unit-of-work/in-memory-store.ts'
import type { InMemoryUnit } from '../../../src/unit-of-work/in-memory-transaction.ts'
import { inMemoryUnitsOfWork } from '../../../src/unit-of-work/in-memory-units-of-work.ts'
import { directDoor, type StoreDoor } from '../../../src/unit-of-work/store-door.ts'

interface Seen {
  readonly count: number
}

test('a table of one’s own is written with the commit and undone with the rollback', async () => {
  const { store, units } = newUnits()
  await units.run(async ({ view }) => view.set('a', { count: 1 }))
  const rolledBack = await units.start()
  rolledBack.view.set('a', { count: 2 })
  rolledBack.view.delete('b')
  expect(rolledBack.view.get('a')).toEqual({ count: 2 })
  await rolledBack.rollback()
  expect([...store.rows('view')]).toEqual([['a', { count: 1 }]])
})

test('a unit sees its own writes over what others have committed', async () => {
  const { units } = newUnits()
  await units.run(async ({ view }) => {
    view.set('a', { count: 1 })
    view.set('b', { count: 1 })
  })
  await using unit = await units.start()
  unit.view.delete('a')
  unit.view.set('c', { count: 3 })
  expect([...unit.view.entries().keys()]).toEqual(['b', 'c'])
  await units.run(async ({ view }) => view.set('d', { count: 4 }))
  expect([...unit.view.entries().keys()]).toEqual(['b', 'd', 'c'])
})

test('a failed savepoint undoes the writes made in it, a nested one only its own', async () => {
  const { store, units } = newUnits()
  await units.run(async (unit) => {
    unit.view.set('a', { count: 1 })
    await unit.savepoint(async () => {
      unit.view.set('b', { count: 2 })
      await unit
        .savepoint(async () => {
          unit.view.set('a', { count: 9 })
          unit.view.delete('b')
          throw new Error('alone')
        })
        .catch(() => undefined)
    })
  })
  expect(Object.fromEntries(store.rows('view'))).toEqual({ a: { count: 1 }, b: { count: 2 } })
})

test('whoever rolls back what an abort is rolling back waits for the end of that', async () => {
  const way = gate()
  const door: StoreDoor = {
    ...directDoor,
    pass: async (request, work) => {
      if (request === 'roll back') await way.opened
      return work()
    },
  }
  const store = new InMemoryStore({ door })
  const units = inMemoryUnitsOfWork({ domain: market, store, repositories: {} })
  const given = new AbortController()
  const transaction = await units.begin({ signal: given.signal })
  given.abort()
  let ended = false
  const rolledBack = transaction.rollback().then(() => {
    ended = true
  })
  await new Promise(setImmediate)
  expect(ended).toBe(false)
  way.open()
  await rolledBack
  expect(transaction.state).toBe('rolled-back')
})

test('an entry that is gone has no lock: whoever looks for it keeps nobody waiting', async () => {
  const { store, units } = newUnits()
  const [position = ''] = await storedEntries({ units } as never, { handler: 'look' })
  const first = await units.begin()
  expect(await first.outbox.strikeOff(position)).toBe(true)
  await first.commit()
  expect(store.queue.size).toBe(0)

  const [second, third] = [await units.begin(), await units.begin()]
  expect(await second.outbox.strikeOff(position)).toBe(false)
  expect(await isPending(third.outbox.strikeOff(position))).toBe(false)
  await Promise.all([second.rollback(), third.rollback()])
})

test('an id that is taken is refused at once, though somebody else has locked it', async () => {
  const { units } = newUnits()
  const late = await units.begin()
  expect(await late.unit.baskets.get('a')).toBeUndefined()
  late.unit.baskets.add(Basket.new('a'))
  await units.run(async ({ baskets }) => baskets.add(Basket.new('a')))
  const holder = await units.begin()
  await holder.unit.baskets.get('a', { lock: 'update' })

  await rejectsWith(late.commit(), 'ConcurrencyConflict')
  await holder.rollback()
})

test('a finder gives the ids of what is stored and matches', async () => {
  const { units } = newUnits()
  await units.run(async ({ baskets }) => {
    for (const id of ['a', 'b', 'c']) {
      const basket = Basket.new(id)
      if (id !== 'b') basket.put('CHAIR', 1)
      baskets.add(basket)
    }
  })
  const found = await units.run(({ baskets }) =>
    baskets.idsWhere(({ children }) => (children.items ?? []).some(({ sku }) => sku === 'CHAIR')),
  )
  expect(found).toEqual(['a', 'c'])
})

test('children come back in no order that one could rely on', async () => {
  const seen: unknown[] = []
  const mapping = {
    ...basketMapping,
    fromRows: (...[rows, version]: Parameters<typeof basketMapping.fromRows>) => {
      seen.push(...(rows.children.items ?? []).map(({ sku }) => sku))
      return basketMapping.fromRows(rows, version)
    },
  }
  const spying = inMemoryUnitsOfWork({
    domain: market,
    store: new InMemoryStore(),
    repositories: { baskets: (unit: InMemoryUnit) => inMemoryRepository(unit, 'baskets', mapping) },
  })
  await spying.run(async ({ baskets }) => {
    const basket = Basket.new('a')
    for (const sku of ['A', 'B', 'C']) basket.put(sku, 1)
    baskets.add(basket)
  })
  await spying.run(({ baskets }) => baskets.get('a'))
  expect(seen).toEqual(['C', 'B', 'A'])
})

test('UOW-01 units have the repositories that they were made with', async () => {
  const store = new InMemoryStore()
  const over = <R extends object>(repositories: { readonly [K in keyof R]: (unit: InMemoryUnit) => R[K] }) =>
    inMemoryUnitsOfWork({ domain: market, store, repositories })
  const usual = over({ baskets: (unit) => inMemoryRepository(unit, 'baskets', basketMapping) })
  const counting = over({ baskets: () => ({ count: async () => 7 }) })
  await usual.run(async ({ baskets }) => baskets.add(Basket.new('a')))
  expect(await counting.run(({ baskets }) => baskets.count())).toBe(7)
})

test('two parts of a unit cannot have the same name, nor one that every unit has', () => {
  const make = (repositories: object, adapters: object) => () =>
    inMemoryUnitsOfWork({ domain: market, store: new InMemoryStore(), repositories, adapters } as never)
  expect(make({ mail: () => 1 }, { mail: () => 2 })).toThrow(/two things called mail/)
  expect(make({ commit: () => 1 }, {})).toThrow(/two things called commit/)
})

function newUnits() {
  const store = new InMemoryStore()
  const units = inMemoryUnitsOfWork({
    domain: market,
    store,
    repositories: { baskets: (unit: InMemoryUnit) => inMemoryRepository(unit, 'baskets', basketMapping) },
    adapters: { view: (unit: InMemoryUnit) => unit.table<Seen>('view') },
  })
  return { store, units }
}
