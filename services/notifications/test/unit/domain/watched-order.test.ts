import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Fact, WatchedOrder } from '../../../src/domain/watched-order.ts'

const fact = (sku: string, version: number, kind: Fact['kind'] = 'allocated'): Fact => ({
  kind,
  sku,
  qty: 1,
  batchRef: 'batch-1',
  version,
  eventId: `${sku} ${version}`,
})

test('whoever watches is told of what is new', () => {
  const order = new WatchedOrder('order-1', ['a@example.com', 'b@example.com'])
  expect(order.learn(fact('LAMP', 2))).toEqual(['a@example.com', 'b@example.com'])
})

test.each([
  ['is known already', 2],
  ['has been overtaken', 1],
])('nobody is told of what %s', (_why, version) => {
  const order = new WatchedOrder('order-1', ['a@example.com'], [fact('LAMP', 2)])
  expect(order.learn(fact('LAMP', version))).toEqual([])
  expect(order.facts).toEqual([fact('LAMP', 2)])
})

test('a new watcher missed the latest of each line, one who watches already nothing', () => {
  const order = new WatchedOrder('order-1', [], [fact('LAMP', 2), fact('CHAIR', 7)])
  order.learn(fact('LAMP', 3, 'deallocated'))
  expect(order.watch('a@example.com')).toEqual([fact('LAMP', 3, 'deallocated'), fact('CHAIR', 7)])
  expect(order.watch('a@example.com')).toEqual([])
})

test('in whatever order and however often things arrive, each watcher ends up knowing the latest, told once', () => {
  const skus = ['LAMP', 'CHAIR']
  const arrivals = fc.oneof(
    fc.constantFrom('a@example.com', 'b@example.com'),
    fc
      .tuple(
        fc.constantFrom(...skus),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom('allocated' as const, 'deallocated' as const, 'cancelled' as const),
      )
      .map(([sku, version, kind]) => fact(sku, version, kind)),
  )
  fc.assert(
    fc.property(fc.array(arrivals, { maxLength: 20 }), (list) => {
      const order = new WatchedOrder('order-1')
      const told = new Map<string, string[]>()
      const tell = (email: string, of: Fact) => told.set(email, [...(told.get(email) ?? []), of.eventId])
      for (const arrival of list) {
        if (typeof arrival === 'string') for (const missed of order.watch(arrival)) tell(arrival, missed)
        else for (const email of order.learn(arrival)) tell(email, arrival)
      }
      const latest = skus.flatMap((sku) => {
        const versions = list.flatMap((each) =>
          typeof each !== 'string' && each.sku === sku ? [each.version] : [],
        )
        return versions.length === 0 ? [] : [`${sku} ${Math.max(...versions)}`]
      })
      for (const email of order.watchers) {
        const ids = told.get(email) ?? []
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids).toEqual(expect.arrayContaining(latest))
      }
    }),
  )
})
