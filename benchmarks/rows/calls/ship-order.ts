import { type Contender, CPU } from '../../suite/contender.ts'
import { quantile } from '../../suite/statistics.ts'
import { windowed } from '../../suite/window.ts'
import { type OrderShipped, orderShipped } from '../order-shipped.ts'

export interface Shipped {
  readonly orderId: string
  readonly parcels: number
}

/** What every callee does. */
export function shipOrder({ orderId, lines }: OrderShipped): Shipped {
  return { orderId, parcels: lines.length }
}

/** Ends a round of somebody who takes 40 ms for a call, in ms. */
const LONGEST_ROUND = 1_500

/** A round of calls, each answer checked. */
export function roundOfCalls(call: (order: OrderShipped) => Promise<Shipped>): Contender['round'] {
  return async (size, width) => {
    const latencies: number[] = []
    const cpu = process.cpuUsage()
    const start = performance.now()
    await windowed(size, width, async (index) => {
      const order = orderShipped(index)
      const begin = performance.now()
      if (begin - start > LONGEST_ROUND) return
      const answer = await call(order)
      latencies.push(performance.now() - begin)
      if (answer.orderId !== order.orderId || answer.parcels !== 2) throw new Error('not what was asked for')
    })
    const seconds = (performance.now() - start) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    const calls = latencies.length
    return {
      [CPU]: (user + system) / calls,
      'calls/s': calls / seconds,
      'p50 ms': quantile(latencies, 0.5),
      'p99 ms': quantile(latencies, 0.99),
    }
  }
}
