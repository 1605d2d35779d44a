import { expect, test } from 'vitest'
import { Basket, basketMapping } from '../../../src/contract-tests/unit-of-work/market.ts'
import { IdentityMap } from '../../../src/unit-of-work/identity-map.ts'

const stored = { root: { id: 'a', owner: null, open: true, openedAt: null }, children: { items: [] } }

test('a change knows the version it was loaded with, what changed, and all rows', () => {
  const map = newMap()
  const basket = map.load('a', stored, 7)
  basket?.put('CHAIR', 2)
  const item = { basketId: 'a', sku: 'CHAIR', qty: 2 }
  expect(map.changes()).toEqual([
    {
      kind: 'update',
      id: 'a',
      version: 7,
      sought: false,
      root: {},
      children: [{ table: 'items', inserted: [item], updated: [], deleted: [] }],
      rows: { root: stored.root, children: { items: [item] } },
    },
  ])
})

test('DOM-27 AGG-06 AGG-08 loading an id again gives the object tracked, whatever has changed in it', () => {
  const map = newMap()
  const basket = map.load('a', stored, 1)
  if (basket !== undefined) basket.owner = 'Ada'
  expect(map.load('a', stored, 1)).toBe(basket)
  expect(map.changes()).toMatchObject([{ root: { owner: 'Ada' } }])
})

test('an added aggregate counts as locked, a loaded one when it was read so', () => {
  const map = newMap()
  map.add(Basket.new('new'))
  map.load('a', stored, 1)
  expect([map.find('new')?.locked, map.find('a')?.locked]).toEqual([true, false])
  map.load('a', stored, 1, true)
  expect(map.find('a')?.locked).toBe(true)
})

test('an insert says whether the unit had looked for it in vain', () => {
  const map = newMap()
  map.missed('a')
  map.add(Basket.new('a'))
  map.add(Basket.new('b'))
  expect(map.changes().map(({ id, kind, sought }) => [id, kind, sought])).toEqual([
    ['a', 'insert', true],
    ['b', 'insert', false],
  ])
})

test('another object under the same id is refused, unless the first was removed: then it takes its place', () => {
  const map = newMap()
  const first = map.load('a', stored, 3) as Basket
  expect(() => map.add(Basket.new('a'))).toThrow(/a exists already/)
  first.put('CHAIR', 1)
  map.remove(first)
  const second = Basket.new('a')
  second.owner = 'Ada'
  map.add(second)
  expect(map.find('a')?.aggregate).toBe(second)
  expect(map.changes()).toMatchObject([{ kind: 'update', version: 3, root: { owner: 'Ada' } }])
  expect(map.takeEvents()).toHaveLength(1)
})

test('DOM-41 AGG-03 AGG-04 events are taken once, from removed aggregates too', () => {
  const map = newMap()
  const basket = map.load('a', stored, 1) as Basket
  basket.put('CHAIR', 1)
  map.remove(basket)
  expect(map.takeEvents().map(({ type }) => type)).toEqual(['market.ItemAdded'])
  expect(map.takeEvents()).toEqual([])
  expect(basket.events).toEqual([])
})

function newMap(): IdentityMap<Basket> {
  return new IdentityMap('baskets', basketMapping)
}
