import type { Facts, LedgerLine } from './facts.ts'
import { asking } from './order-lines.ts'

/** No batch gives more than it has, each holds what was last made of it, and no line waits that a batch could serve. */
export function stock({
  journal,
  batches,
  lines,
  events,
}: Pick<Facts, 'journal' | 'batches' | 'lines' | 'events'>): LedgerLine {
  const differences: string[] = []
  const available = new Map<string, { readonly sku: string; readonly left: number }>()
  for (const { ref, sku, purchasedQty } of batches) {
    const given = lines.filter((line) => line.batchRef === ref)
    const left = purchasedQty - given.reduce((sum, { qty }) => sum + qty, 0)
    available.set(ref, { sku, left })
    if (left < 0) differences.push(`${ref} gives ${-left} more than it has`)
    for (const line of given.filter((line) => line.sku !== sku)) {
      differences.push(`${line.orderId} gets ${line.sku} from ${ref}, which holds ${sku}`)
    }
  }
  for (const line of lines.filter((line) => line.batchRef === null)) {
    const fitting = [...available].find(([, { sku, left }]) => sku === line.sku && left >= line.qty)
    if (fitting !== undefined)
      differences.push(`${line.orderId} waits for ${line.sku}, which ${fitting[0]} has`)
  }
  differences.push(...creations({ journal, batches }), ...changes({ journal, batches, events }))
  return { name: 'units are conserved, none is below zero', checked: batches.length, differences }
}

function creations({ journal, batches }: Pick<Facts, 'journal' | 'batches'>): string[] {
  const stored = new Map(batches.map((batch) => [batch.ref, batch]))
  const asked = asking(journal, 'CreateBatch')
  const wrong = asked.flatMap(({ request, outcome, channel, answer }) => {
    const batch = stored.get(request.ref)
    stored.delete(request.ref)
    if (batch === undefined) {
      return outcome === 'done' || outcome === 'accepted'
        ? [`${request.ref} was created and is not there`]
        : []
    }
    if (outcome === 'not done')
      return [`${request.ref} was not created (${channel}: ${JSON.stringify(answer)}) and is there`]
    return batch.createdQty === request.qty ? [] : [`${request.ref} was created with another quantity`]
  })
  return [...wrong, ...[...stored.keys()].map((ref) => `${ref} is there, and nobody asked for it`)]
}

/** Each change is told of once, from what the one before made to what it makes itself; the last one is what is stored. */
function changes({ journal, batches, events }: Pick<Facts, 'journal' | 'batches' | 'events'>): string[] {
  const told = new Map<string, { readonly qty: number; readonly previousQty: number }[]>()
  for (const { type, payload } of events) {
    const { ref = '', qty, previousQty = 0 } = payload
    if (type === 'BatchQuantityChanged') told.set(ref, [...(told.get(ref) ?? []), { qty, previousQty }])
  }
  const chains = batches.flatMap(({ ref, createdQty, purchasedQty }) => {
    let qty = createdQty
    const broken = (told.get(ref) ?? []).flatMap((change) => {
      const before = qty
      qty = change.qty
      return change.previousQty === before
        ? []
        : [`${ref} changed from ${change.previousQty}, not from ${before}`]
    })
    return qty === purchasedQty ? broken : [...broken, `${ref} holds ${purchasedQty}, and told of ${qty}`]
  })
  const each = asking(journal, 'ChangeBatchQuantity').flatMap(({ request: { ref, qty }, outcome }) => {
    const count = (told.get(ref) ?? []).filter((change) => change.qty === qty).length
    const expected = outcome === 'unknown' ? [0, 1] : outcome === 'done' || outcome === 'accepted' ? [1] : [0]
    return expected.includes(count)
      ? []
      : [`the change of ${ref} to ${qty} (${outcome}) was told ${count} times`]
  })
  return [...chains, ...each]
}
