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

test('a new watcher missed nothing of a line that is cancelled, and hears what becomes of it from then on', () => {
  const order = new WatchedOrder('order-1', [], [fact('LAMP', 2), fact('CHAIR', 7)])
  order.learn(fact('LAMP', 3, 'cancelled'))
  expect(order.watch('a@example.com')).toEqual([fact('CHAIR', 7)])
  expect(order.learn(fact('LAMP', 2))).toEqual([])
  expect(order.learn(fact('LAMP', 5))).toEqual(['a@example.com'])
  expect(order.learn(fact('LAMP', 6, 'cancelled'))).toEqual(['a@example.com'])
})

test('in whatever order and however often things arrive, each watcher ends up knowing the latest, told once', () => {
  const skus = ['LAMP', 'CHAIR']
  const kinds = fc.array(fc.constantFrom('allocated', 'deallocated', 'cancelled'), {
    minLength: 5,
    maxLength: 5,
  })
  const arrivals = fc.oneof(
    fc.constantFrom<string>('a@example.com', 'b@example.com'),
    fc.record({ sku: fc.constantFrom(...skus), version: fc.integer({ min: 1, max: 5 }) }),
  )
  fc.assert(
    fc.property(kinds, fc.array(arrivals, { maxLength: 20 }), (kindOf, list) => {
      const order = new WatchedOrder('order-1')
      const told = new Map<string, string[]>()
      const tell = (email: string, of: Fact) => told.set(email, [...(told.get(email) ?? []), of.eventId])
      const arrived = list.map((each) =>
        typeof each === 'string' ? each : fact(each.sku, each.version, kindOf[each.version - 1]),
      )
      for (const arrival of arrived) {
        if (typeof arrival === 'string') for (const missed of order.watch(arrival)) tell(arrival, missed)
        else for (const email of order.learn(arrival)) tell(email, arrival)
      }
      const latest = skus.flatMap((sku) => {
        const facts = arrived.filter((each) => typeof each !== 'string').filter((each) => each.sku === sku)
        return facts.sort((a, b) => b.version - a.version).slice(0, 1)
      })
      for (const email of order.watchers) {
        const ids = told.get(email) ?? []
        const missed = (of: Fact) => arrived.indexOf(of) < arrived.indexOf(email)
        const wanted = latest.filter((of) => of.kind !== 'cancelled' || !missed(of))
        expect(new Set(ids).size).toBe(ids.length)
        expect(ids).toEqual(expect.arrayContaining(wanted.map(({ eventId }) => eventId)))
        for (const of of latest) expect(ids.includes(of.eventId)).toBe(wanted.includes(of))
      }
    }),
  )
})
