import type { Contender } from '../../suite/contender.ts'
import { Countdown, windowed } from '../../suite/window.ts'
import { type OrderShipped, orderShipped } from '../order-shipped.ts'

/** What is the same for all: so many events in a window of unconfirmed ones, until the last has been received. */
export function publishAndConsume(publish: (event: OrderShipped) => Promise<unknown>): {
  readonly round: Contender['round']
  readonly received: (event: unknown) => void
} {
  const countdown = new Countdown()
  return {
    async round(size, width) {
      const start = performance.now()
      const consumed = countdown.from(size)
      await windowed(size, width, (index) => publish(orderShipped(index)))
      await consumed
      return { 'events/s': (size / (performance.now() - start)) * 1_000 }
    },
    received(event) {
      if ((event as OrderShipped).lines.length !== 2) throw new Error('not what was sent')
      countdown.count()
    },
  }
}
