import { describe, expect, test } from 'vitest'
import type { Order } from '../../journal.ts'
import { differences, leftInQueues } from '../../ledger/balance.ts'
import type { Facts } from '../../ledger/facts.ts'

const order = (id: string, rest: Partial<Order> = {}): Order => ({
  id,
  flavour: 'plain',
  outcome: 'done',
  n: null,
  ...rest,
})
const placed = (message: string, n: number) => ({ message, key: 'a', n })
const booked = (message: string, n: number) => ({ ...placed(message, n), event: `event of ${message}` })
const remembered = (message: string) => ({ message, source: 'till' })

/** Two orders, done and told of. */
const clean: Facts = {
  orders: [order('one'), order('two', { n: 2 })],
  placed: [placed('one', 1), placed('two', 2)],
  counters: [{ key: 'a', n: 2 }],
  booked: [booked('one', 1), booked('two', 2)],
  kept: [],
  undone: [],
  followed: [],
  told: [],
  heard: [],
  deskInbox: [remembered('one'), remembered('two')],
  booksInbox: [remembered('event of one'), remembered('event of two')],
  outbox: 0,
  ordered: true,
}

describe('the ledger of crash points', () => {
  test('finds nothing where everything was done once', () => {
    expect(differences(clean)).toEqual([])
  })

  const wrong: readonly (readonly [what: string, facts: Partial<Facts>, difference: RegExp])[] = [
    ['an order without effect', { placed: [placed('two', 2)] }, /one, done: placed 0 times, not 1/],
    ['two effects', { placed: [...clean.placed, placed('one', 3)] }, /one, done: placed 2 times, not 1/],
    ['an event that was lost', { booked: [booked('one', 1)] }, /two, done: booked 0 times, not 1/],
    ['an event that had its effect twice', { booked: [...clean.booked, booked('two', 2)] }, /booked 2 times/],
    ['what nobody ordered', { orders: [order('one')] }, /two was never ordered/],
    [
      'an effect of what never left',
      { orders: [order('one', { outcome: 'not done' }), order('two')] },
      /one, not done: placed 1/,
    ],
    ['another answer', { orders: [order('one', { n: 7 }), order('two')] }, /one was answered 7, but it is 1/],
    ['what was to be undone', { undone: ['one'] }, /undone 1 times, not 0/],
    ['a number left out', { counters: [{ key: 'a', n: 3 }] }, /a has counted 3/],
    ['an effect that is not remembered', { deskInbox: [remembered('one')] }, /desk do not remember two/],
    [
      'a claim without an effect',
      { booksInbox: [...clean.booksInbox, remembered('x')] },
      /books remember x, without/,
    ],
    ['an entry that is left', { outbox: 1 }, /1 entries are left in the outboxes/],
    ['another order', { booked: [booked('two', 2), booked('one', 1)] }, /a 1 was booked after 2/],
  ]
  test.each(wrong)('finds %s', (_what, facts, difference) => {
    expect(differences({ ...clean, ...facts }).join('\n')).toMatch(difference)
  })

  test('an order of which nobody knows anything may be done or not', () => {
    const orders = [
      order('one'),
      order('two', { outcome: 'unknown' }),
      order('three', { outcome: 'unknown' }),
    ]
    expect(differences({ ...clean, orders })).toEqual([])
  })

  test('takes the doomed for the only dead letters, and misses them', () => {
    const doomed = order('three', { flavour: 'doomed', outcome: 'not done' })
    const dead = (...ids: readonly string[]) => new Map([['q.commands.dead', ids]])
    expect(leftInQueues(dead('three', 'three'), [doomed])).toEqual([])
    expect(leftInQueues(dead('three', 'one'), [doomed])).toEqual(['one is left in q.commands.dead'])
    expect(leftInQueues(new Map([['q.calls', ['one']]]), [])).toEqual(['one is left in q.calls'])
    expect(leftInQueues(new Map(), [doomed])).toEqual(['doomed order three is no dead letter'])
  })
})
