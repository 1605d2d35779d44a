/** 200 bytes as JSON, give or take a digit. */
export function orderShipped(index: number) {
  return {
    orderId: `order-${index}`,
    carrier: 'posthorn express',
    address: 'Am Alten Posthof 7, 10115 Berlin, third floor, ring twice',
    lines: [
      { sku: 'SMALL-TABLE', qty: 2 },
      { sku: 'HIGHBROW-POSTER', qty: index % 10 },
    ],
  }
}

export type OrderShipped = ReturnType<typeof orderShipped>
