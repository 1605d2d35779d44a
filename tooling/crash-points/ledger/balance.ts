import type { Order } from '../journal.ts'
import type { Facts, InboxRow } from './facts.ts'

/** Everything in which the facts differ from what the orders make of them, one sentence each; empty is clean. */
export function differences(facts: Facts): readonly string[] {
  return [
    ...facts.orders.flatMap((order) => ofOrder(facts, order)),
    ...phantoms(facts),
    ...counts(facts),
    ...inboxes(facts),
    ...(facts.outbox === 0 ? [] : [`${facts.outbox} entries are left in the outboxes`]),
    ...(facts.ordered ? inversions(facts) : []),
  ]
}

function ofOrder(facts: Facts, order: Order): readonly string[] {
  const { id, flavour, outcome, n } = order
  const of = (list: readonly { readonly message: string }[]) =>
    list.filter(({ message }) => message === id).length
  const times = (list: readonly string[]) => list.filter((message) => message === id).length
  const placed = of(facts.placed)
  const allowed = outcome === 'done' ? [1] : outcome === 'not done' ? [0] : [0, 1]
  const answered = facts.placed.find(({ message }) => message === id)?.n
  const checks: readonly (readonly [what: string, is: number, may: readonly number[]])[] = [
    ['placed', placed, allowed],
    ['booked', of(facts.booked), [placed]],
    ['kept', times(facts.kept), [flavour === 'savepoint' ? placed : 0]],
    ['undone', times(facts.undone), [0]],
    ['followed', times(facts.followed), [flavour === 'follow' || flavour === 'stubborn' ? placed : 0]],
    ['heard', times(facts.heard), [flavour === 'tell' ? placed : 0]],
    ['told at all', Math.min(1, times(facts.told)), [flavour === 'tell' ? placed : 0]],
  ]
  const found = checks
    .filter(([, is, may]) => !may.includes(is))
    .map(
      ([what, is, may]) => `${flavour} order ${id}, ${outcome}: ${what} ${is} times, not ${may.join(' or ')}`,
    )
  const isOther = n !== null && answered !== undefined && n !== answered
  return isOther ? [...found, `order ${id} was answered ${n}, but it is ${answered}`] : found
}

/** What nobody ordered. */
function phantoms({ orders, placed, booked }: Facts): readonly string[] {
  const known = new Set(orders.map(({ id }) => id))
  return [...placed, ...booked]
    .filter(({ message }) => !known.has(message))
    .map(({ message }) => `${message} was never ordered`)
}

/** Each key has counted its orders, each once. */
function counts({ placed, counters }: Facts): readonly string[] {
  return counters.flatMap(({ key, n }) => {
    const numbers = placed.filter((one) => one.key === key).map((one) => one.n)
    const distinct = new Set(numbers)
    const isRight = numbers.length === n && distinct.size === n && Math.max(...numbers) === n
    return isRight ? [] : [`${key} has counted ${n}, but has the numbers ${numbers.sort().join(' ')}`]
  })
}

/** What has had its effect, or its refusal, is remembered, and nothing else is. */
function inboxes({ orders, placed, booked, deskInbox, booksInbox }: Facts): readonly string[] {
  const refused = orders.filter(({ flavour }) => flavour === 'doomed').map(({ id }) => id)
  return [
    ...unlike('desk', deskInbox, [...placed.map(({ message }) => message), ...refused]),
    ...unlike(
      'books',
      booksInbox,
      booked.map(({ event }) => event),
    ),
  ]
}

function unlike(whose: string, rows: readonly InboxRow[], handled: readonly string[]): readonly string[] {
  const stale = rows.filter(({ source }) => source === 'stale').length
  const remembered = new Set(rows.filter(({ source }) => source !== 'stale').map(({ message }) => message))
  const effects = new Set(handled)
  return [
    ...(stale === 0 ? [] : [`${stale} old entries are left in the inbox of the ${whose}`]),
    ...[...remembered]
      .filter((id) => !effects.has(id))
      .map((id) => `the ${whose} remember ${id}, without effect`),
    ...handled.filter((id) => !remembered.has(id)).map((id) => `the ${whose} do not remember ${id}`),
  ]
}

/** The books have each key's orders in the order in which they were placed. */
function inversions({ booked }: Facts): readonly string[] {
  const last = new Map<string, number>()
  return booked.flatMap(({ key, n }) => {
    const before = last.get(key) ?? 0
    last.set(key, n)
    return n > before ? [] : [`${key} ${n} was booked after ${before}`]
  })
}

/** What is left in the queues though nobody will take it, dead letters that nobody expects among it. */
export function leftInQueues(
  queues: ReadonlyMap<string, readonly string[]>,
  orders: readonly Order[],
): readonly string[] {
  const doomed = orders.filter(({ flavour }) => flavour === 'doomed').map(({ id }) => id)
  const dead = new Set(queues.get(DEAD) ?? [])
  const left = [...queues].flatMap(([queue, ids]) =>
    ids.filter((id) => queue !== DEAD || !doomed.includes(id)).map((id) => `${id} is left in ${queue}`),
  )
  return [
    ...left,
    ...doomed.filter((id) => !dead.has(id)).map((id) => `doomed order ${id} is no dead letter`),
  ]
}

const DEAD = 'q.commands.dead'
