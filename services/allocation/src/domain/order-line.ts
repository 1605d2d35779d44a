/** Some pieces of one SKU, wanted for one order. A value: two lines with equal parts are the same line. */
export interface OrderLine {
  readonly orderId: string
  readonly sku: string
  readonly qty: number
}

export function orderLine(orderId: string, sku: string, qty: number): OrderLine {
  if (!Number.isSafeInteger(qty) || qty < 1) {
    throw new RangeError(`An order line needs a positive whole quantity, not ${qty}`)
  }
  return Object.freeze({ orderId, sku, qty })
}
