import { errorCode } from './classify-error.ts'
import { within } from './within.ts'

/** Postgres signals a cancellation twice. For so long the second signal may be on its way, in ms. */
const ECHO = 50

/** In ms. */
const REPEAT = 250

/** So long a request may be on its way when its query is over, in ms. */
const LATE = 500

/**
 * Asks the server to end a query of postgres.js, if that is at work. Settles once the request has done its work, came too
 * late, or failed; never rejects.
 *
 * The `cancel()` of postgres.js 3.4 drops the promise of its request: nobody could wait for it, and a refused
 * connection would end the process.
 */
export async function cancelQuery(query: PromiseLike<unknown>): Promise<void> {
  // What `cancel()` calls, and whether it is at work. The types leave both out.
  const { canceller, active } = query as PromiseLike<unknown> & {
    readonly canceller: (of: unknown) => Promise<void>
    readonly active: boolean
  }
  // The client sends a query a moment after it was given. Cancelled before, it would hold up all that follow.
  if (!active) return
  // Over TLS the request's own promise never settles.
  const cancelled = new Promise<void>((resolve) => {
    query.then(undefined, (error: unknown) => errorCode(error) === '57014' && setTimeout(resolve, ECHO))
  })
  await Promise.race([canceller(query), cancelled]).catch(() => undefined)
}

/** The same until the query is over: a request may overtake the query that it is about, and is then in vain. */
export async function cancelUntilOver(query: PromiseLike<unknown>, over: Promise<void>): Promise<void> {
  let running = true
  const ended = over.then(() => {
    running = false
  })
  const requests: Promise<void>[] = []
  while (running) {
    requests.push(cancelQuery(query))
    await within(REPEAT, ended)
  }
  // Over TLS those that came too late never settle.
  await within(LATE, Promise.all(requests))
}
