import type { OutboxQueue } from '@posthorn/core'
import type { Failpoint } from '../failpoint.ts'

/** An outbox that reports what passes between it and the relay. */
export function passingQueue(queue: OutboxQueue, failpoint: Failpoint): OutboxQueue {
  return {
    deliver: (limit, deliver, except) =>
      queue.deliver(
        limit,
        async (entries) => {
          failpoint.pass('taken')
          const settlements = await deliver(entries)
          failpoint.pass('settled')
          return settlements
        },
        except,
      ),
    takeLocal: async (limit, lease) => {
      const entries = await queue.takeLocal(limit, lease)
      if (entries.length > 0) failpoint.pass('taken locally')
      return entries
    },
    lease: async (position, lease) => {
      const leased = await queue.lease(position, lease)
      failpoint.pass('leased')
      return leased
    },
    fail: (position, error, retryable) => {
      failpoint.pass('marking as failed')
      return queue.fail(position, error, retryable)
    },
    depth: () => queue.depth(),
    deadLetters: (limit) => queue.deadLetters(limit),
    replay: (position) => queue.replay(position),
    onAdded: (listener) =>
      queue.onAdded(() => {
        failpoint.pass('waking the relay')
        listener()
      }),
  }
}
