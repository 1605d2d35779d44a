import { setTimeout as sleep } from 'node:timers/promises'
import { market } from '@posthorn/core/contract-tests'
import type { OutboxEntry, OutboxRecord, Settlement } from '@posthorn/core/storage'
import { drizzleOutboxQueue, type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits } from '../market-store.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/* What waits in the outbox is delivered in parts of 250, so that neither broker nor database waits for the other. */

let database: FreshDatabase
let proxy: TcpProxy
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  proxy = await tcpProxy(database.url, 20)
  driver = postgresDriver(proxy.url)
  await createMarket(driver)
})

beforeEach(async () => {
  await driver.query('truncate posthorn_outbox')
})

afterAll(async () => {
  await driver.end()
  await proxy[Symbol.asyncDispose]()
  await database.dispose()
})

test('the next part is given while one is being delivered, and no third before the first has ended', async () => {
  await store(Array.from({ length: 800 }, () => null))
  const parts = gatedParts()
  const delivering = drizzleOutboxQueue(driver).deliver(700, parts.deliver)
  await expect.poll(() => parts.sizes).toEqual([250, 250])
  await sleep(100)
  expect(parts.sizes).toEqual([250, 250])
  parts.end(1)
  await sleep(100)
  expect(parts.sizes).toEqual([250, 250])
  parts.end(0)
  await expect.poll(() => parts.sizes).toEqual([250, 250, 200])
  parts.end(2)
  expect(await delivering).toEqual({ busy: false, taken: 700 })
  expect((await drizzleOutboxQueue(driver).depth()).broker).toBe(100)
})

test('what failed keeps back its key in all parts of its batch, even when its pause is over', async () => {
  const keys = Array.from({ length: 1_000 }, (_, index) => (index === 0 || index === 900 ? 'a' : null))
  await store(keys)
  const parts = gatedParts()
  const delivering = drizzleOutboxQueue(driver).deliver(1_000, parts.deliver)
  await expect.poll(() => parts.sizes).toEqual([250, 250])
  parts.end(0, { failing: 0 })
  await expect.poll(() => parts.sizes).toHaveLength(3)
  // The head's pause is 200 ms at most.
  await sleep(400)
  parts.end(1)
  await expect.poll(() => parts.sizes).toEqual([250, 250, 250, 249])
  parts.end(2)
  parts.end(3)
  await delivering
  const left: (string | null)[] = []
  await drizzleOutboxQueue(driver).deliver(10, async (entries) => {
    left.push(...entries.map(({ key }) => key))
    return []
  })
  expect(left).toEqual(['a', 'a'])
})

test('a lost connection is told once nothing of the batch is on its way any more', async () => {
  await store(Array.from({ length: 500 }, () => null))
  const parts = gatedParts()
  let told = false
  const delivering = drizzleOutboxQueue(driver).deliver(500, parts.deliver)
  const lost = expect(delivering).rejects.toMatchObject({ code: 'ConnectionLost' })
  delivering.catch(() => {
    told = true
  })
  await expect.poll(() => parts.sizes).toEqual([250, 250])
  proxy.cut('rst')
  parts.end(0)
  await sleep(200)
  expect(told).toBe(false)
  parts.end(1)
  await lost
  expect((await drizzleOutboxQueue(driver).depth()).broker).toBe(500)
})

test('a batch after a full one begins at once, one after the last does not begin', async () => {
  await store(Array.from({ length: 350 }, () => null))
  const queue = drizzleOutboxQueue(driver)
  const flights: number[] = []
  for (let batch = 0; batch < 5; batch++) {
    const before = proxy.flights
    await queue.deliver(100, async (entries) => entries.map(({ position }) => ({ position, ok: true })))
    flights.push(proxy.flights - before)
  }
  // BEGIN; the lock with the entries; their deletion; COMMIT. At last only the question whether anything is due.
  expect(flights.slice(1)).toEqual([4, 4, 4, 1])
})

/** Calls of `deliver` that end when they are told to. */
function gatedParts() {
  const sizes: number[] = []
  const ends: ((failing?: number) => void)[] = []
  const deliver = (entries: readonly OutboxEntry[]) =>
    new Promise<readonly Settlement[]>((resolve) => {
      sizes.push(entries.length)
      ends.push((failing) =>
        resolve(entries.map(({ position }, index) => settlement(position, index === failing))),
      )
    })
  const end = (part: number, { failing }: { readonly failing?: number } = {}) => ends[part]?.(failing)
  return { sizes, deliver, end }
}

function settlement(position: string, failed: boolean): Settlement {
  return failed ? { position, ok: false, error: new Error('no'), retryable: true } : { position, ok: true }
}

async function store(keys: readonly (string | null)[]): Promise<void> {
  const records: OutboxRecord[] = keys.map((key) => ({
    message: market.events.Looked({ basketId: String(key) }),
    handler: null,
    key,
    depth: 0,
  }))
  const transaction = await marketUnits(driver).begin()
  transaction.outbox.add(...records)
  await transaction.commit()
}
