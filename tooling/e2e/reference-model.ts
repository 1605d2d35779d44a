/** One batch of stock, as a line of the batches' file. */
export interface BatchLine {
  readonly ref: string
  readonly sku: string
  readonly qty: number
  readonly eta?: string
}

export interface OrderLine {
  readonly orderId: string
  readonly sku: string
  readonly qty: number
}

export interface Expected {
  readonly lines: number
  readonly allocated: number
  readonly allocatedUnits: number
  readonly backordered: number
  readonly unknownSku: number
  /** Units left in each batch. */
  readonly left: Readonly<Record<string, number>>
}

/** Where each line must end, by order and SKU: a batch's ref, or null for one that waits. */
export interface Modelled {
  readonly expected: Expected
  readonly placed: ReadonlyMap<string, string | null>
}

export const lineKey = ({ orderId, sku }: Pick<OrderLine, 'orderId' | 'sku'>) => `${orderId} ${sku}`

/** The allocation rules for batches that never change: stock first, then the earliest eta, then the ref. */
export function model(batches: readonly BatchLine[], orders: readonly OrderLine[]): Modelled {
  const left = new Map(batches.map(({ ref, qty }) => [ref, qty]))
  const preferred = [...batches].sort(
    (one, other) => (one.eta ?? '').localeCompare(other.eta ?? '') || (one.ref < other.ref ? -1 : 1),
  )
  const placed = new Map<string, string | null>()
  let allocatedUnits = 0
  let unknownSku = 0
  for (const order of orders) {
    const own = preferred.filter(({ sku }) => sku === order.sku)
    if (own.length === 0) {
      unknownSku += 1
      continue
    }
    const batch = own.find(({ ref }) => (left.get(ref) ?? 0) >= order.qty)
    placed.set(lineKey(order), batch?.ref ?? null)
    if (batch === undefined) continue
    left.set(batch.ref, (left.get(batch.ref) ?? 0) - order.qty)
    allocatedUnits += order.qty
  }
  const backordered = [...placed.values()].filter((ref) => ref === null).length
  return {
    expected: {
      lines: orders.length,
      allocated: placed.size - backordered,
      allocatedUnits,
      backordered,
      unknownSku,
      left: Object.fromEntries(left),
    },
    placed,
  }
}
