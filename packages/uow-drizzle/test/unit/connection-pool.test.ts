import { abortOf } from '@posthorn/core/storage'
import { expect, test, vi } from 'vitest'
import type { Connection } from '../../src/connection.ts'
import { ConnectionPool } from '../../src/connection-pool.ts'
import { within } from '../../src/within.ts'

/* Who gets a connection, and what becomes of those that cannot be closed. */

test('a connection that is given back while a waiter is being refused goes to the next one', async () => {
  const pool = new ConnectionPool(1, async () => connectionOf())
  const connection = await pool.acquire(1_000)
  const abort = new AbortController()
  const aborted = expect(pool.acquire(1_000, abortOf(abort))).rejects.toThrow('enough')
  abort.abort(new Error('enough'))
  pool.release(connection)
  await aborted
  expect(await pool.acquire(100)).toBe(connection)
})

test('the end destroys what cannot take leave of the server', async () => {
  const destroyed: string[] = []
  const pool = new ConnectionPool(2, async () =>
    connectionOf({
      close: () => Promise.reject(new Error('not now')),
      destroy: () => void destroyed.push('one'),
    }),
  )
  await Promise.all([pool.acquire(1_000), pool.acquire(1_000)])
  await pool.end()
  expect(destroyed).toHaveLength(2)
})

test('the end tells those that are being opened, and whoever waits for one', async () => {
  const pool = new ConnectionPool(
    1,
    (ended) =>
      new Promise((_resolve, reject) => {
        ended.addEventListener('abort', () => reject(ended.reason))
      }),
  )
  const waiting = [pool.acquire(1_000), pool.acquire(1_000)]
  const refused = Promise.allSettled(waiting)
  await pool.end()
  for (const outcome of await refused) expect(outcome).toMatchObject({ reason: { code: 'CONNECTION_ENDED' } })
  await expect(pool.acquire(1_000)).rejects.toMatchObject({ code: 'CONNECTION_ENDED' })
})

test('a wait that is over leaves no timer behind, however it ends', async () => {
  vi.useFakeTimers()
  try {
    await within(1_000, Promise.resolve())
    await within(1_000, Promise.reject(new Error('somebody else’s')))
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

/** As much of a connection as its pool knows. */
function connectionOf(parts: Partial<Connection> = {}): Connection {
  const connection: Partial<Connection> = {
    usable: true,
    onLost: () => () => undefined,
    destroy: () => undefined,
    close: async () => undefined,
    ...parts,
  }
  return connection as Connection
}
