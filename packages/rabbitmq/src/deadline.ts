/**
 * The work's outcome, or `late()`'s error when it takes longer than `ms`. Needed around every promise of amqplib: against
 * a frozen broker `connect`, `close` and the answers on a channel never settle.
 */
export function withDeadline<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
