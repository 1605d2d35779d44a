import { expect, test } from 'vitest'
import { balance } from '../../ledger/balance.ts'
import type { Facts } from '../../ledger/facts.ts'
import type { Asked } from '../../load/request.ts'
import { balancedFacts as balanced, ending, event, notice, sku } from './balanced-facts.ts'

const { journal, events, batches, lines, view, inbox, notifications, facts, watching, mails } = balanced

type Wrong = readonly [string, Partial<Facts>]
const WRONG: Readonly<Record<string, readonly Wrong[]>> = {
  'order lines stand exactly once, or not': [
    ['an accepted line is lost', { lines: lines.slice(1), view: view.slice(1) }],
    ['a line stands twice', { lines: [...lines, ...lines.slice(0, 1)] }],
    ['a line was refused and stands', { journal: change('Allocate', 'o1', { outcome: 'not done' }) }],
    ['a cancelled line stands', { lines: [...lines, { sku, orderId: 'o2', qty: 2, batchRef: null }] }],
    ['nobody asked for a line', { journal: without('Allocate', 'o1') }],
    ['a line has another quantity', { lines: lines.map((line) => ({ ...line, qty: 1 })) }],
  ],
  'units are conserved, none is below zero': [
    ['a batch gives more than it has', { lines: lines.map((line) => ({ ...line, batchRef: 'b1', qty: 6 })) }],
    ['a line waits that a batch could serve', { lines: lines.map((line) => ({ ...line, batchRef: null })) }],
    ['a line gets another product', { lines: lines.map((line) => ({ ...line, sku: 'chair' })) }],
    ['a batch is lost', { batches: [] }],
    ['nobody asked for a batch', { journal: journal.slice(1) }],
    ['a change of quantity is lost', { batches: batches.map((batch) => ({ ...batch, purchasedQty: 10 })) }],
    ['a change of quantity was told twice', { events: [...events, { ...last(events), id: 'e6' }] }],
  ],
  'events of a product in order, none lost, none twice': [
    ['an event is lost', { events: events.filter(({ id }) => id !== 'e1') }],
    ['an event that changes nothing is lost', { events: [...events, again('e9', 7), again('e10', 9)] }],
    ['an event comes twice under two ids', { events: [...events, { ...first('e1'), id: 'e9' }] }],
    ['an event comes late', { events: [...events.filter(({ id }) => id !== 'e2'), first('e2')] }],
    ['a batch is never told of', { events: events.slice(1) }],
    ['nobody knows the type', { events: [...events, event('e9', 'Moved', { orderId: 'o1' })] }],
  ],
  'the view says what the products say': [
    ['a line is not shown', { view: view.slice(1) }],
    ['a line is shown elsewhere', { view: view.map((row) => ({ ...row, batchRef: 'b2' })) }],
    ['a line is shown that is not there', { view: [...view, { ...last(view), orderId: 'o9' }] }],
  ],
  'each event applied once by its subscribers': [
    ['an event was not applied', { inbox: inbox.slice(1) }],
    ['an event was applied by two handlers', { inbox: [...inbox, { ...last(inbox), consumer: 'another' }] }],
    ['what was applied was never told', { inbox: [...inbox, { ...last(inbox), messageId: 'e9' }] }],
    ['the warehouse has heard nothing', { warehouse: [] }],
  ],
  'who must be told is told, nobody twice': [
    ['the stock desk is not told', { notifications: told((row) => row.causedBy !== 'e4') }],
    ['a watcher is not told', { notifications: told((row) => row.causedBy !== 'e1') }],
    ['a late watcher is not told where the line stands', { notifications: told((r) => r.causedBy !== 'e2') }],
    ['who watches is not told of a cancel', { notifications: told((row) => row.causedBy !== 'e3') }],
    ['who watches since the cancel is told of it', { notifications: andTold('e3', 'carol@a.example') }],
    ['who never watched is told', { notifications: andTold('e1', 'dan@a.example') }],
    ['somebody is told twice', { notifications: andTold('e1', 'ann@a.example') }],
    ['somebody is told of nothing', { notifications: andTold('e9', 'ann@a.example') }],
    [
      'a mail is due for ever',
      { notifications: notifications.map((row) => ({ ...row, status: 'pending' })) },
    ],
    ['who asked does not watch', { watching: watching.slice(0, -1) }],
    ['somebody watches who never asked', { journal: without('AskToBeTold', 'o2') }],
    ['somebody watches twice', { watching: [...watching, last(watching)] }],
    ['the last of a line is not known', { facts: facts.slice(1) }],
    ['an older event is known', { facts: facts.map((fact) => ({ ...fact, eventId: 'e2' })) }],
    ['an older event was learned after a later one', { watching: [...watching].reverse() }],
    ['an event was learned that was never told', { watching: [...watching, learned('e9')] }],
  ],
  'each mail once by its Message-ID': [
    ['a mail was never sent', { mails: mails.slice(1) }],
    ['a mail went to somebody else', { mails: mails.map((mail) => ({ ...mail, to: ['eve@a.example'] })) }],
    ['a mail left under another Message-ID', { mails: [...mails, { ...last(mails), messageId: '<x@y>' }] }],
  ],
  'outboxes, queues and dead queues are empty, no call is pending': [
    ['an outbox holds something', { outboxes: [entry(false)] }],
    ['a local entry is dead', { outboxes: [entry(true)] }],
    ['a queue holds something', { queues: balanced.queues.map((queue) => ({ ...queue, messages: 1 })) }],
    ['a queue is gone', { queues: balanced.queues.slice(1) }],
    ['nobody planned a queue', { planned: balanced.planned.slice(1) }],
    ['a letter is dead', { deadLetters: [{ queue: 'q.commands.dead', properties: {}, payload: '' }] }],
    ['a call waits for its answer', { pendingCalls: 1 }],
  ],
  'no answer is wrong, a repeated request gets the first one': [
    ['a request was refused', { journal: change('Allocate', 'o1', { outcome: 'wrong' }) }],
    ['a repetition got another answer', { repeated: balanced.repeated.map(answeredOtherwise) }],
  ],
  'no process failed, connections are bounded': [
    ['an exception was not caught', { endings: [ending({ asked: null, code: 1, stray: ['Error: no'] })] }],
    ['a process ended by itself', { endings: [ending({ asked: null })] }],
    ['a process crashed before it was killed', { endings: [ending({ asked: 'killed', code: 1 })] }],
    ['a process could not be stopped', { endings: [ending({ code: null })] }],
    ['what a process abandoned is not named', { endings: [ending({ code: 1 })] }],
    ['a process abandoned work when all was quiet', { endings: [ending({ asked: 'retired', code: 1 })] }],
    [
      'a process warned of a leak',
      { endings: [ending({ stray: ['(node:1) MaxListenersExceededWarning'] })] },
    ],
    ['a session idles in its transaction', { sessions: sessions(1, 40) }],
    ['a pool has more sessions than it may', { sessions: sessions(21, 0) }],
    ['connections to the broker were left open', { connections: new Map([['notifications', 9]]) }],
  ],
  'memory is back to within 20 %': [
    ['memory grew', { memory: { before: [100, 100], after: [119, 122], seconds: 300 } }],
  ],
}

test('where all is as it should be the ledger balances', () => {
  expect(balance(balanced).flatMap(({ differences }) => differences)).toEqual([])
})

test('what nobody knows for certain may have been done or not', () => {
  const open = { ...balanced, journal: change('Allocate', 'o3', { outcome: 'unknown' }) }
  expect(unbalanced(open)).toEqual([])
  const gone = { ...open, lines: lines.slice(0, 1), view: view.slice(0, 1) }
  expect(unbalanced(gone)).not.toContain('order lines stand exactly once, or not')
})

test('each line of the ledger is seen to find something', () => {
  expect(Object.keys(WRONG)).toEqual(balance(balanced).map(({ name }) => name))
})

test.each(
  Object.entries(WRONG).flatMap(([line, wrong]) => wrong.map(([what, change]) => ({ line, what, change }))),
)('the ledger finds that $what', ({ line, change }) => {
  expect(unbalanced({ ...balanced, ...change })).toContain(line)
})

function unbalanced(of: Facts): string[] {
  return balance(of)
    .filter(({ differences }) => differences.length > 0)
    .map(({ name }) => name)
}

function isAbout({ request }: Asked, what: string, orderId: string): boolean {
  return request.do === what && 'orderId' in request && request.orderId === orderId
}

function change(what: string, orderId: string, to: Partial<Asked>): Asked[] {
  return journal.map((one) => (isAbout(one, what, orderId) ? { ...one, ...to } : one))
}

function without(what: string, orderId: string): Asked[] {
  return journal.filter((one) => !isAbout(one, what, orderId))
}

function first(id: string) {
  return events.find((one) => one.id === id) ?? event(id, 'none', {})
}

/** The third order is out of stock once more. */
function again(id: string, version: number) {
  return event(id, 'OutOfStock', { orderId: 'o3', qty: 9, version })
}

function last<T>(items: readonly T[]): T {
  return items[items.length - 1] as T
}

function told(keep: (row: Facts['notifications'][number]) => boolean) {
  return notifications.filter(keep)
}

function andTold(eventId: string, recipient: string) {
  return [...notifications, notice(5, eventId, recipient)]
}

function learned(eventId: string): Facts['watching'][number] {
  return { orderId: 'o1', email: null, eventId }
}

function entry(dead: boolean): Facts['outboxes'][number] {
  return { service: 'allocation', type: 'Allocated', attempts: 3, reason: 'no broker', dead }
}

function answeredOtherwise({ first: one }: Facts['repeated'][number]) {
  return { first: one, again: { ...one, answer: { status: 500 } } }
}

function sessions(count: number, idle: number): Facts['sessions'] {
  const all = Array.from({ length: count }, () => ({ service: 'allocation', idle, query: 'begin' }))
  return { all, left: all }
}
