import type { TappedEvent } from '../event-tap.ts'
import type { Facts, LedgerLine } from './facts.ts'
import { lineKey } from './order-lines.ts'

const STOCK_DESK = 'stock@made.com'

/** Somebody is to be told of an event. */
interface Due {
  readonly eventId: string
  readonly recipient: string
}

/** Who must be told has been, once and of that event, and nobody else of anything. */
export function notifications(facts: Facts): LedgerLine {
  const { events, notifications: rows, watching } = facts
  const about = new Map(events.map((event) => [event.id, `${event.type} ${event.id}`]))
  const counts = new Map<string, number>()
  const count = ({ eventId, recipient }: Due) => {
    const key = `${recipient} ${eventId}`
    const before = counts.get(key) ?? 0
    counts.set(key, before + 1)
    return before
  }
  const differences = rows.flatMap(({ causedBy, recipient, status }) => {
    const again = count({ eventId: causedBy, recipient }) > 0
    const what = `${recipient} of ${about.get(causedBy) ?? `${causedBy}, which was never told`}`
    return [
      ...(again ? [`a notification for ${what} stands twice`] : []),
      ...(status === 'sent' ? [] : [`the notification for ${what} is ${status}`]),
    ]
  })
  for (const { eventId, recipient } of [...dueToStockDesk(events), ...dueToWatchers(events, watching)]) {
    const key = `${recipient} ${eventId}`
    if (!counts.delete(key)) differences.push(`${recipient} was not told of ${about.get(eventId)}`)
  }
  differences.push(...[...counts.keys()].map((key) => `${key}: was told, and ought not to be`))
  differences.push(...wrongWatches(facts), ...wrongKnowledge(facts))
  return { name: 'who must be told is told, nobody twice', checked: rows.length, differences }
}

function dueToStockDesk(events: readonly TappedEvent[]): readonly Due[] {
  return events
    .filter(({ type }) => type === 'OutOfStock')
    .map(({ id }) => ({ eventId: id, recipient: STOCK_DESK }))
}

/**
 * Who watches is told of all that is learned from then on, and at once where each line stands: but for the lines that
 * are cancelled by then, see docs/decisions/0013-whoever-asks-to-be-told-is-heard.md.
 */
function dueToWatchers(events: readonly TappedEvent[], watching: Facts['watching']): readonly Due[] {
  const known = new Map(events.map((event) => [event.id, event]))
  const orders = new Map<string, { watchers: Set<string>; standing: Map<string, TappedEvent> }>()
  return watching.flatMap(({ orderId, email, eventId }): Due[] => {
    const order = orders.get(orderId) ?? { watchers: new Set(), standing: new Map() }
    orders.set(orderId, order)
    const { watchers, standing } = order
    if (email !== null) {
      if (watchers.has(email)) return []
      watchers.add(email)
      const missed = [...standing.values()].filter((event) => !isCancelled(event))
      return missed.map(({ id }) => ({ eventId: id, recipient: email }))
    }
    const event = known.get(eventId ?? '')
    if (event === undefined) return []
    standing.set(event.payload.sku, event)
    return [...watchers].map((recipient) => ({ eventId: event.id, recipient }))
  })
}

function isCancelled({ type, payload }: TappedEvent): boolean {
  return type === 'BackorderCancelled' || (type === 'Deallocated' && payload.reason === 'cancelled')
}

/** Whoever asked to be told watches, once; and nobody who did not ask. */
function wrongWatches({ journal, watching }: Facts): string[] {
  const watches = new Map<string, number>()
  for (const { orderId, email } of watching) {
    const key = `${orderId} for ${email}`
    if (email !== null) watches.set(key, (watches.get(key) ?? 0) + 1)
  }
  const twice = [...watches].filter(([, count]) => count > 1).map(([key]) => `${key} is watched twice`)
  const asked = new Map<string, boolean>()
  for (const { request, outcome } of journal) {
    if (!('notify' in request) || request.notify === null || outcome === 'not done') continue
    const key = `${request.orderId} for ${request.notify}`
    asked.set(key, asked.get(key) || outcome === 'done' || outcome === 'accepted')
  }
  const missing = [...asked].filter(([key, must]) => must && !watches.has(key))
  const unasked = [...watches.keys()].filter((key) => !asked.has(key))
  return [
    ...twice,
    ...missing.map(([key]) => `nobody watches ${key}`),
    ...unasked.map((key) => `${key} is watched, and nobody asked for it`),
  ]
}

/** Of each line ever later events are learned, and in the end the last that there is. */
function wrongKnowledge({ events, watching, facts }: Facts): string[] {
  const told = new Map(events.map((event) => [event.id, event]))
  const last = new Map<string, TappedEvent>()
  for (const event of events) {
    const { orderId, sku } = event.payload
    if (orderId !== undefined && event.type !== 'OutOfStock') last.set(lineKey({ orderId, sku }), event)
  }
  const differences: string[] = []
  const versions = new Map<string, number>()
  for (const { orderId, eventId } of watching) {
    if (eventId === null) continue
    const { sku, version = 0 } = told.get(eventId)?.payload ?? {}
    if (sku === undefined) {
      differences.push(`${eventId} was learned, and never told`)
      continue
    }
    const key = lineKey({ orderId, sku })
    const before = versions.get(key) ?? 0
    if (version <= before) differences.push(`of ${key} v${version} was learned after v${before}`)
    versions.set(key, version)
  }
  for (const { orderId, sku, eventId } of facts) {
    const key = lineKey({ orderId, sku })
    if (last.get(key)?.id !== eventId) differences.push(`the last that is known of ${key} is ${eventId}`)
    last.delete(key)
  }
  return [...differences, ...[...last.keys()].map((key) => `nothing is known of ${key}`)]
}
