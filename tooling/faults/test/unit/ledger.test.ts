import { expect, test } from 'vitest'
import type { TappedEvent } from '../../event-tap.ts'
import { eventOrder } from '../../ledger/events.ts'
import type { LineRow } from '../../ledger/facts.ts'
import { orderLines } from '../../ledger/order-lines.ts'
import { stock } from '../../ledger/stock.ts'
import { mails, subscribers } from '../../ledger/subscribers.ts'
import type { Asked, Outcome } from '../../load/request.ts'

const sku = 'lamp'
const line: LineRow = { sku, orderId: 'o1', qty: 3, batchRef: 'b1' }
const batch = { ref: 'b1', sku, createdQty: 10, purchasedQty: 10 }
const notification = { id: 'a'.repeat(36), recipient: 'ann@example.com', causedBy: 'e1', status: 'sent' }

function asked(
  outcome: Outcome,
  request: Asked['request'] = { do: 'Allocate', ...line, notify: null },
): Asked {
  return { id: 'm1', request, channel: 'http', tries: 1, outcome, answer: null }
}

function allocated(id: string, version: number): TappedEvent {
  return { id, type: 'Allocated', payload: { sku, orderId: 'o1', qty: 3, batchRef: 'b1', version } }
}

const created: TappedEvent = { id: 'e0', type: 'BatchCreated', payload: { sku, ref: 'b1', qty: 10 } }

test.each([
  ['an accepted line stands once', 'done', [line], 0],
  ['an accepted line is missing', 'accepted', [], 1],
  ['a line stands twice', 'done', [line, line], 1],
  ['nobody knows of a line, which is there', 'unknown', [line], 0],
  ['nobody knows of a line, which is not there', 'unknown', [], 0],
  ['a line was refused and is there', 'not done', [line], 1],
] as const)('order lines: %s', (_, outcome, lines, count) => {
  expect(orderLines({ journal: [asked(outcome)], lines }).differences).toHaveLength(count)
})

test('order lines: one that was cancelled is there, and one that nobody asked for', () => {
  const cancelled = asked('done', { do: 'CancelLine', orderId: 'o1', sku })
  expect(orderLines({ journal: [asked('done'), cancelled], lines: [line] }).differences).toHaveLength(1)
  expect(orderLines({ journal: [], lines: [line] }).differences).toHaveLength(1)
})

test('stock: a batch gives more than it has, and a line waits that it could serve', () => {
  const journal = [asked('done', { do: 'CreateBatch', ref: 'b1', sku, qty: 10, eta: null })]
  const differences = (lines: readonly LineRow[]) =>
    stock({ journal, batches: [batch], lines, events: [] }).differences
  expect(differences([line])).toEqual([])
  expect(differences([{ ...line, qty: 11 }])).toEqual(['b1 gives 1 more than it has'])
  expect(differences([{ ...line, batchRef: null }])).toEqual(['o1 waits for lamp, which b1 has'])
})

test('events: one is lost, one comes twice under another id, one comes late', () => {
  const differences = (events: readonly TappedEvent[]) =>
    eventOrder({ events: [created, ...events], lines: [line], batches: [batch] }).differences
  expect(differences([allocated('e1', 2)])).toEqual([])
  expect(differences([])).toEqual(['of o1/lamp nothing was told'])
  expect(differences([allocated('e1', 2), allocated('e2', 2)])).toHaveLength(1)
  expect(differences([allocated('e1', 2), allocated('e2', 1)])).toContain(
    'Allocated of lamp v1 came after v2',
  )
})

test('subscribers: an event was not applied, or applied by two handlers, or never told', () => {
  const row = (messageId: string, consumer = 'tellWatchers') =>
    ({ service: 'notifications', consumer, source: 'allocation', messageId }) as const
  const differences = (inbox: Parameters<typeof subscribers>[0]['inbox']) =>
    subscribers({ events: [allocated('e1', 2)], inbox, warehouse: [] }).differences
  expect(differences([row('e1')])).toEqual([])
  expect(differences([])).toHaveLength(1)
  expect(differences([row('e1'), row('e1', 'another')])).toHaveLength(1)
  expect(differences([row('e1'), row('e2')])).toHaveLength(1)
})

test('mails: one was never sent, one belongs to nothing; one that left twice is one', () => {
  const mail = { messageId: `<${notification.id}@made.com>`, to: ['ann@example.com'], subject: '', text: '' }
  const differences = (caught: Parameters<typeof mails>[0]['mails']) =>
    mails({ notifications: [notification], mails: caught }).differences
  expect(differences([mail, mail])).toEqual([])
  expect(differences([])).toHaveLength(1)
  expect(differences([mail, { ...mail, messageId: `<${'b'.repeat(36)}@made.com>` }])).toHaveLength(1)
})
