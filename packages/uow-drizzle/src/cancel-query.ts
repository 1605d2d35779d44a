import { errorCode } from './classify-error.ts'

/**
 * Asks the server to end a query of postgres.js. Settles once the request has done its work, came too late, or failed;
 * never rejects.
 *
 * The `cancel()` of postgres.js 3.4 drops the promise of its request: nobody could wait for it, and a refused
 * connection would end the process.
 */
export async function cancelQuery(query: PromiseLike<unknown> & { cancel(): void }): Promise<void> {
  // What `cancel()` calls, which the types leave out; null once it has been called.
  const cancellable = query as typeof query & { canceller: ((of: unknown) => Promise<void>) | null }
  const { canceller } = cancellable
  cancellable.canceller = null
  // Over TLS the request's own promise never settles.
  const cancelled = new Promise<void>((resolve) => {
    query.then(undefined, (error: unknown) => errorCode(error) === '57014' && resolve())
  })
  await Promise.race([canceller?.(query), cancelled]).catch(() => undefined)
}
