import type { Asked, Request } from '../load/request.ts'
import type { Facts, LedgerLine } from './facts.ts'

/** Every line that was asked for and accepted stands exactly once, every one that was cancelled no more. */
export function orderLines({ journal, lines }: Pick<Facts, 'journal' | 'lines'>): LedgerLine {
  const stored = countBy(lines, lineKey)
  const cancels = new Map(asking(journal, 'CancelLine').map((asked) => [lineKey(asked.request), asked]))
  const differences: string[] = []
  for (const asked of asking(journal, 'Allocate')) {
    const key = lineKey(asked.request)
    const count = stored.get(key) ?? 0
    stored.delete(key)
    const expected = expectedCounts(asked, cancels.get(key))
    if (!expected.includes(count)) {
      const cancel = cancels.get(key)
      const cancelled = cancel === undefined ? '' : `; cancel: ${told(cancel)}`
      differences.push(`${key} (${told(asked)}${cancelled}) stands ${count} times`)
    }
    const row = lines.find((line) => lineKey(line) === key)
    if (row !== undefined && row.qty !== asked.request.qty) differences.push(`${key} has another quantity`)
  }
  for (const key of stored.keys()) differences.push(`${key} stands, and nobody asked for it`)
  return { name: 'order lines stand exactly once, or not', checked: lines.length, differences }
}

function told({ channel, outcome, answer }: Asked): string {
  return `${channel}, ${outcome}, ${JSON.stringify(answer)}`
}

function expectedCounts(asked: Asked, cancel: Asked | undefined): readonly number[] {
  if (asked.outcome === 'not done' || asked.outcome === 'wrong') return [0]
  if (asked.outcome === 'unknown') return [0, 1]
  if (cancel === undefined || cancel.outcome === 'not done') return [1]
  return cancel.outcome === 'unknown' ? [0, 1] : [0]
}

export function asking<D extends Request['do']>(journal: readonly Asked[], what: D) {
  return journal.filter(
    (asked): asked is Asked & { readonly request: Extract<Request, { readonly do: D }> } =>
      asked.request.do === what,
  )
}

export function lineKey({ orderId, sku }: { readonly orderId: string; readonly sku: string }): string {
  return `${orderId}/${sku}`
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1)
  return counts
}
