import type { TappedEvent } from '../event-tap.ts'
import type { Facts, LedgerLine } from './facts.ts'
import { asking, lineKey } from './order-lines.ts'

const TOLD = new Set(['OutOfStock', 'Allocated', 'Deallocated', 'BackorderCancelled'])
const STOCK_DESK = 'stock@made.com'

/** Each event was applied once by the notifications service, and heard at least once by the warehouse. */
export function subscribers({
  events,
  inbox,
  warehouse,
}: Pick<Facts, 'events' | 'inbox' | 'warehouse'>): LedgerLine {
  const differences: string[] = []
  const taken = new Map<string, number>()
  for (const { service, source, messageId, consumer } of inbox) {
    if (service !== 'notifications' || source !== 'allocation' || consumer === 'commands') continue
    taken.set(messageId, (taken.get(messageId) ?? 0) + 1)
  }
  const expected = events.filter(({ type }) => TOLD.has(type))
  for (const { id, type } of expected) {
    if (taken.get(id) !== 1) differences.push(`${type} ${id} was applied ${taken.get(id) ?? 0} times`)
    taken.delete(id)
  }
  for (const id of taken.keys()) differences.push(`${id} was applied, and never told`)
  const heard = new Set(warehouse)
  const lost = events.filter(({ type, id }) => type === 'Deallocated' && !heard.has(id))
  differences.push(...lost.map(({ id }) => `the warehouse has not heard Deallocated ${id}`))
  return { name: 'each event applied once by its subscribers', checked: expected.length, differences }
}

/** Who must be told has been: the stock desk of each shortage, who watches an order of the last that became of its lines. */
export function notifications({ events, journal, notifications: rows, watchers, facts }: Facts): LedgerLine {
  const differences: string[] = []
  const byCause = new Map<string, string[]>()
  for (const { causedBy, recipient, status } of rows) {
    byCause.set(causedBy, [...(byCause.get(causedBy) ?? []), recipient])
    if (status !== 'sent') differences.push(`the notification of ${recipient} about ${causedBy} is ${status}`)
  }
  const told = (event: TappedEvent, recipient: string, least: number) => {
    const count = (byCause.get(event.id) ?? []).filter((one) => one === recipient).length
    if (count > 1 || count < least)
      differences.push(`${recipient} has ${count} notifications of ${event.type} ${event.id}`)
  }
  const last = new Map<string, TappedEvent>()
  for (const event of events) {
    const { orderId, sku } = event.payload
    if (event.type === 'OutOfStock') told(event, STOCK_DESK, 1)
    else if (orderId !== undefined) last.set(lineKey({ orderId, sku }), event)
  }
  const latest = new Map(last)
  for (const { orderId, sku, eventId } of facts) {
    const key = lineKey({ orderId, sku })
    if (last.get(key)?.id !== eventId) differences.push(`the last that is known of ${key} is ${eventId}`)
    last.delete(key)
  }
  differences.push(...[...last.keys()].map((key) => `nothing is known of ${key}`))
  const watching = new Map(watchers.map(({ orderId, email }) => [orderId, email]))
  for (const { request, outcome } of asking(journal, 'Allocate')) {
    if (request.notify === null || outcome === 'not done') continue
    const must = outcome === 'done' || outcome === 'accepted'
    const event = latest.get(lineKey(request))
    if (must && watching.get(request.orderId) !== request.notify)
      differences.push(`nobody watches ${request.orderId}`)
    if (event !== undefined && watching.has(request.orderId)) told(event, request.notify, 1)
  }
  const causes = new Set(events.map(({ id }) => id))
  differences.push(
    ...[...byCause.keys()].filter((id) => !causes.has(id)).map((id) => `a notification of ${id}, never told`),
  )
  return { name: 'who must be told is told, nobody twice', checked: rows.length, differences }
}

/** Each notification left as a mail, under one Message-ID however often. */
export function mails({
  notifications: rows,
  mails: caught,
}: Pick<Facts, 'notifications' | 'mails'>): LedgerLine {
  const sent = new Set(caught.map(({ messageId, to }) => `${messageId.slice(1, 37)} ${to}`))
  const differences: string[] = []
  for (const { id, recipient } of rows) {
    if (!sent.delete(`${id} ${recipient}`)) differences.push(`the mail ${id} to ${recipient} was never sent`)
  }
  for (const mail of sent) differences.push(`the mail ${mail} belongs to no notification`)
  return { name: 'each mail once by its Message-ID', checked: rows.length, differences }
}
