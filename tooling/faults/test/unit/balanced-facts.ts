import type { TappedEvent } from '../../event-tap.ts'
import type { Ending } from '../../fleet.ts'
import type { Facts, NotificationRow } from '../../ledger/facts.ts'
import type { Asked, Outcome, Request } from '../../load/request.ts'

export const sku = 'lamp'
const [ann, bob, carol, desk] = ['ann@a.example', 'bob@a.example', 'carol@a.example', 'stock@made.com']

/** A request of the journal, under an id of its own. */
function asked(request: Request, outcome: Outcome = 'done'): Asked {
  return { id: JSON.stringify(request), request, channel: 'http', tries: 1, outcome, answer: { status: 200 } }
}

export function event(id: string, type: string, payload: Partial<TappedEvent['payload']>): TappedEvent {
  return { id, type, payload: { sku, qty: 1, ...payload } }
}

export function notice(n: number, causedBy: string, recipient: string): NotificationRow {
  return { id: `${n}`.repeat(36), recipient, causedBy, status: 'sent' }
}

export function ending(change: Partial<Ending>): Ending {
  return {
    instance: 'allocation-1',
    code: 0,
    asked: 'stopped',
    wasLive: true,
    said: '',
    stray: [],
    ...change,
  }
}

const notifications = [
  notice(1, 'e1', ann),
  notice(2, 'e2', bob),
  notice(3, 'e3', bob),
  notice(4, 'e4', desk),
]
const lines = [
  { sku, orderId: 'o1', qty: 3, batchRef: 'b1' },
  { sku, orderId: 'o3', qty: 9, batchRef: null },
]
const queues = ['q.commands', 'q.commands.dead'].map((name) => ({ vhost: 'allocation', name }))
const session = { service: 'allocation', idle: 0, query: '' }
const cancel = asked({ do: 'CancelLine', orderId: 'o2', sku })

/**
 * A run in which all is as it should be: the first order is allocated and told of, the second is cancelled while one
 * watches and before another does, the third waits.
 */
export const balancedFacts: Facts = {
  journal: [
    asked({ do: 'CreateBatch', ref: 'b1', sku, qty: 10, eta: null }),
    asked({ do: 'Allocate', orderId: 'o1', sku, qty: 3, notify: ann }),
    asked({ do: 'Allocate', orderId: 'o2', sku, qty: 2, notify: bob }),
    asked({ do: 'AskToBeTold', orderId: 'o2', sku, qty: 2, notify: carol }, 'accepted'),
    cancel,
    asked({ do: 'Allocate', orderId: 'o3', sku, qty: 9, notify: null }, 'accepted'),
    asked({ do: 'ChangeBatchQuantity', ref: 'b1', qty: 11 }),
  ],
  events: [
    event('e0', 'BatchCreated', { ref: 'b1', qty: 10 }),
    event('e1', 'Allocated', { orderId: 'o1', qty: 3, batchRef: 'b1', version: 2 }),
    event('e2', 'Allocated', { orderId: 'o2', qty: 2, batchRef: 'b1', version: 3 }),
    event('e3', 'Deallocated', { orderId: 'o2', qty: 2, batchRef: 'b1', reason: 'cancelled', version: 4 }),
    event('e4', 'OutOfStock', { orderId: 'o3', qty: 9, version: 5 }),
    event('e5', 'BatchQuantityChanged', { ref: 'b1', qty: 11, previousQty: 10 }),
  ],
  batches: [{ ref: 'b1', sku, createdQty: 10, purchasedQty: 11 }],
  lines,
  view: lines.map((line) => ({ ...line, version: 5 })),
  inbox: ['e1', 'e2', 'e3', 'e4'].map((messageId) => ({
    service: 'notifications',
    consumer: messageId === 'e4' ? 'tellStockDesk' : 'tellWatchers',
    source: 'allocation',
    messageId,
  })),
  notifications,
  facts: [
    { orderId: 'o1', sku, version: 2, eventId: 'e1' },
    { orderId: 'o2', sku, version: 4, eventId: 'e3' },
  ],
  watching: [
    { orderId: 'o1', email: ann, eventId: null },
    { orderId: 'o1', email: null, eventId: 'e1' },
    { orderId: 'o2', email: null, eventId: 'e2' },
    { orderId: 'o2', email: bob, eventId: null },
    { orderId: 'o2', email: null, eventId: 'e3' },
    { orderId: 'o2', email: carol, eventId: null },
  ],
  mails: notifications.map(({ id, recipient }) => ({
    messageId: `<${id}@made.com>`,
    to: [recipient],
    subject: '',
    text: '',
    traceparent: null,
  })),
  warehouse: ['e3', 'e3'],
  outboxes: [],
  sessions: { all: [session], left: [session] },
  queues: queues.map((queue) => ({ ...queue, messages: 0 })),
  planned: queues,
  deadLetters: [],
  connections: new Map([['allocation', 8]]),
  pendingCalls: 0,
  endings: [
    ending({ asked: 'killed', code: null }),
    ending({}),
    ending({ asked: 'stopped', code: 1, said: '{"msg":"stopped before these had ended"}' }),
    ending({ asked: null, code: 1, wasLive: false, stray: ['allocation: no database'] }),
    ending({ asked: 'retired' }),
  ],
  instances: 4,
  memory: { before: [100, 100], after: [119, 120], seconds: 300 },
  repeated: [{ first: cancel, again: cancel }],
}
