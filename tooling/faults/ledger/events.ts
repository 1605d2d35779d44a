import type { TappedEvent } from '../event-tap.ts'
import type { Facts, LedgerLine, LineRow, ViewRow } from './facts.ts'
import { lineKey } from './order-lines.ts'

/** The events of each product came in order, and whoever does as they say, one by one, has what is stored. */
export function eventOrder({
  events,
  lines,
  batches,
}: Pick<Facts, 'events' | 'lines' | 'batches'>): LedgerLine {
  const differences = versions(events)
  const placed = new Map<string, string | null>()
  for (const event of events) {
    const { sku, orderId } = event.payload
    if (orderId !== undefined) differences.push(...follow(event, lineKey({ orderId, sku }), placed))
  }
  const stored = new Map(lines.map((line: LineRow) => [lineKey(line), line.batchRef]))
  for (const [key, batchRef] of stored) {
    if (!placed.has(key)) differences.push(`of ${key} nothing was told`)
    else if (placed.get(key) !== batchRef)
      differences.push(`${key} is in ${batchRef}, and was told to be in ${placed.get(key)}`)
  }
  for (const key of placed.keys())
    if (!stored.has(key)) differences.push(`${key} was told of and is not there`)
  const created = events.filter(({ type }) => type === 'BatchCreated').map(({ payload }) => payload.ref)
  if (new Set(created).size !== created.length) differences.push('a batch was told to be created twice')
  if (created.length !== batches.length)
    differences.push(`${batches.length} batches, ${created.length} told of`)
  return { name: 'events of a product in order, none lost, none twice', checked: events.length, differences }
}

/** A product's versions never go back, and are left out only by events of its batches, which carry none. */
function versions(events: readonly TappedEvent[]): string[] {
  const seen = new Map<string, { readonly version: number; readonly unnumbered: number }>()
  return events.flatMap(({ type, payload: { sku, version } }) => {
    const before = seen.get(sku) ?? { version: 0, unnumbered: 0 }
    if (version === undefined) {
      seen.set(sku, { ...before, unnumbered: before.unnumbered + 1 })
      return []
    }
    if (version < before.version) return [`${type} of ${sku} v${version} came after v${before.version}`]
    if (version === before.version) return []
    seen.set(sku, { version, unnumbered: 0 })
    const missing = version - before.version - 1 - before.unnumbered
    return missing > 0 ? [`of ${sku} ${missing} versions are missing before v${version}`] : []
  })
}

/** Does what the event says; tells where that cannot be. */
function follow({ type, payload }: TappedEvent, key: string, placed: Map<string, string | null>): string[] {
  const before = placed.get(key)
  const odd = (wanted: boolean) =>
    wanted ? [] : [`${type} of ${key}, which was ${before ?? (before === null ? 'waiting' : 'unknown')}`]
  switch (type) {
    case 'Allocated': {
      placed.set(key, payload.batchRef ?? null)
      return odd(before === undefined || before === null)
    }
    case 'OutOfStock': {
      placed.set(key, null)
      return odd(before === undefined || before === null)
    }
    case 'Deallocated': {
      if (payload.reason === 'cancelled') placed.delete(key)
      else placed.set(key, null)
      return odd(before === payload.batchRef)
    }
    case 'BackorderCancelled': {
      placed.delete(key)
      return odd(before === null)
    }
    default:
      return [`${type} of ${key} is not known`]
  }
}

/** The view that is written beside the products says the same. */
export function view({ lines, view }: Pick<Facts, 'lines' | 'view'>): LedgerLine {
  const shown = new Map(view.map((row: ViewRow) => [lineKey(row), row.batchRef]))
  const differences = lines.flatMap((line) => {
    const key = lineKey(line)
    const batchRef = shown.get(key)
    shown.delete(key)
    return batchRef === line.batchRef ? [] : [`${key} is in ${line.batchRef}; the view says ${batchRef}`]
  })
  for (const key of shown.keys()) differences.push(`the view has ${key}, which is not there`)
  return { name: 'the view says what the products say', checked: view.length, differences }
}
