import { setTimeout as sleep } from 'node:timers/promises'
import { Relay } from '@posthorn/core'
import { market } from '@posthorn/core/contract-tests'
import type { OutboxRecord, StoredMessage } from '@posthorn/core/storage'
import { drizzleOutboxQueue, type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits } from '../market-store.ts'
import { tcpProxy } from '../tcp-proxy.ts'

/* The relay on a queue that several processes share; each driver stands for one. */

let database: FreshDatabase
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  driver = postgresDriver(database.url)
  await createMarket(driver)
})

beforeEach(async () => {
  await driver.query('truncate posthorn_outbox')
})

afterAll(async () => {
  await driver.end()
  await database.dispose()
})

test('a relay that dies with its connection is followed by another within a second', async () => {
  const { ids } = await store('a', 'a')
  const proxy = await tcpProxy(database.url)
  const dying = postgresDriver(proxy.url)
  const delivering = drizzleOutboxQueue(dying).deliver(10, () => new Promise(() => undefined))
  delivering.catch(() => undefined)
  await expect.poll(openTransactions).toBe(1)
  const { forwarded, relay } = relayOn(driver)
  relay.start()
  await sleep(200)
  expect(forwarded).toEqual([])
  proxy.cut('rst')
  await expect.poll(() => forwarded, { timeout: 1_000 }).toEqual(ids)
  await relay.stop()
  await dying.end(0)
  await proxy[Symbol.asyncDispose]()
})

test('a relay that falls silent loses the queue within six seconds, and what it settles later is refused', async () => {
  const { ids } = await store('a', 'b')
  const frozen = postgresDriver(database.url)
  let thaw: () => void = () => undefined
  const delivering = drizzleOutboxQueue(frozen).deliver(10, async (entries) => {
    await new Promise<void>((resolve) => {
      thaw = resolve
    })
    return entries.map(({ position }) => ({ position, ok: true }))
  })
  await expect.poll(openTransactions).toBe(1)
  const start = performance.now()
  const { forwarded, relay } = relayOn(driver)
  relay.start()
  await expect.poll(() => forwarded, { timeout: 8_000 }).toEqual(ids)
  expect(performance.now() - start).toBeLessThan(6_000)
  thaw()
  await expect(delivering).rejects.toMatchObject({ code: 'ConnectionLost' })
  await relay.stop()
  await frozen.end()
})

test('C83 a commit in this process is forwarded long before the next poll', async () => {
  const { forwarded, relay } = relayOn(driver, { poll: 60_000 })
  relay.start()
  await sleep(100)
  const { ids } = await store('a', null)
  await expect.poll(() => forwarded, { timeout: 2_000 }).toEqual(ids)
  await relay.stop()
})

test('C82 an idle relay asks once a second for each of its two queues', async () => {
  const proxy = await tcpProxy(database.url)
  const counted = postgresDriver(proxy.url)
  const { relay } = relayOn(counted)
  relay.start()
  await sleep(500)
  const before = proxy.flights
  await sleep(3_000)
  expect(proxy.flights - before).toBeLessThanOrEqual(8)
  await relay.stop()
  await counted.end()
  await proxy[Symbol.asyncDispose]()
})

test('F35 C81 with several relays, failing forwards and killed connections nothing is lost and no key is out of order', async () => {
  const total = process.env.POSTHORN_TEST_FULL === '1' ? 3_000 : 400
  const keys = Array.from({ length: total }, (_, index) => `key-${(index * 7) % 13}`)
  const processes = await Promise.all(
    [1, 2, 3].map(async () => {
      const proxy = await tcpProxy(database.url)
      const own = postgresDriver(proxy.url, { max: 3 })
      return { proxy, own }
    }),
  )
  const arrived: StoredMessage[] = []
  const relays = processes.map(({ own }) =>
    relayOn(own, { poll: 50, batch: 20 }, async (message) => {
      await sleep(Math.random() * 3)
      if (Math.random() < 0.1) throw new Error('not now')
      arrived.push(message)
    }),
  )
  for (const { relay } of relays) relay.start()
  const { ids } = await store(...keys)
  const cutting = setInterval(() => {
    processes[Math.floor(Math.random() * 3)]?.proxy.cut('rst')
  }, 150)
  await expect
    .poll(async () => (await drizzleOutboxQueue(driver).depth()).broker, { timeout: 120_000, interval: 200 })
    .toBe(0)
  clearInterval(cutting)
  await Promise.all(relays.map(({ relay }) => relay.stop()))

  const firstArrivals = [...new Set(arrived.map(({ id }) => id))]
  expect([...firstArrivals].sort()).toEqual([...ids].sort())
  for (const key of new Set(keys)) {
    const ofKey = ids.filter((_id, index) => keys[index] === key)
    expect(firstArrivals.filter((id) => ofKey.includes(id))).toEqual(ofKey)
  }
  for (const { proxy, own } of processes) {
    await own.end(1_000)
    await proxy[Symbol.asyncDispose]()
  }
}, 150_000)

describe('an entry that is committed after one behind it', () => {
  test('K10 is passed over for good by whoever reads on from the last that he has seen', async () => {
    await driver.query('create table cursor_queue (position int generated always as identity, what text)')
    const add = 'insert into cursor_queue (what) values ($1)'
    const late = await driver.begin()
    await late.run(add, ['first'])
    await driver.query(add, ['second'])
    const seen: string[] = []
    let last = 0
    const read = async () => {
      const next = 'select position, what from cursor_queue where position > $1 order by position'
      for (const { position, what } of await driver.query<{ position: number; what: string }>(next, [last])) {
        last = position
        seen.push(what)
      }
    }
    await read()
    await late.commit()
    await read()
    expect(seen).toEqual(['second'])
  })

  test('K10 C79 is delivered all the same', async () => {
    const { ids } = await store('a', 'b')
    const columns = 'depth, message_id, type, kind, version, time, correlation_id, body, available_at'
    const again = `insert into posthorn_outbox (${columns})
      select ${columns.replace('message_id', '$1')} from posthorn_outbox limit 1`
    const late = await driver.begin()
    await late.run(again, ['late'])
    await driver.query(again, ['early'])
    const { forwarded, relay } = relayOn(driver, { poll: 50 })
    relay.start()
    await expect.poll(() => forwarded).toEqual([...ids, 'early'])
    await late.commit()
    await expect.poll(() => forwarded).toEqual([...ids, 'early', 'late'])
    await relay.stop()
  })
})

describe('a long transaction in another database', () => {
  const duringForeignWrite = async (work: () => Promise<void>) => {
    const elsewhere = await freshDatabase()
    await using foreign = postgresDriver(elsewhere.url)
    const long = await foreign.begin()
    await long.run('select pg_current_xact_id()')
    await work()
    await long.rollback()
    await foreign.end()
    await elsewhere.dispose()
  }

  test('F36 holds up whoever reads below the horizon of transactions', () =>
    duringForeignWrite(async () => {
      await driver.query('create table horizon_queue (xid xid8 default pg_current_xact_id(), what text)')
      await driver.query("insert into horizon_queue (what) values ('first')")
      const settled = 'select what from horizon_queue where xid < pg_snapshot_xmin(pg_current_snapshot())'
      expect(await driver.query(settled)).toEqual([])
    }))

  test('F36 C90 does not hold up the relay', () =>
    duringForeignWrite(async () => {
      const { forwarded, relay } = relayOn(driver)
      relay.start()
      const { ids } = await store('a', null)
      await expect.poll(() => forwarded).toEqual(ids)
      expect((await drizzleOutboxQueue(driver).depth()).broker).toBe(0)
      await relay.stop()
    }))
})

function relayOn(
  own: PostgresDriver,
  options: { readonly poll?: number; readonly batch?: number } = {},
  forward: (message: StoredMessage) => Promise<void> = async () => undefined,
) {
  const forwarded: string[] = []
  const relay = new Relay({
    queue: drizzleOutboxQueue(own),
    forward: async (message) => {
      await forward(message)
      forwarded.push(message.id)
    },
    dispatch: async () => undefined,
    onError: () => undefined,
    ...options,
  })
  return { relay, forwarded }
}

async function store(...keys: readonly (string | null)[]): Promise<{ readonly ids: readonly string[] }> {
  const records: OutboxRecord[] = keys.map((key) => ({
    message: market.events.Looked({ basketId: String(key) }),
    handler: null,
    key,
    depth: 0,
  }))
  const transaction = await marketUnits(driver).begin()
  transaction.outbox.add(...records)
  await transaction.commit()
  return { ids: records.map(({ message }) => message.id) }
}

async function openTransactions(): Promise<number> {
  const [row] = await driver.query<{ open: number }>(
    `select count(*)::int as open from pg_stat_activity
     where datname = current_database() and state = 'idle in transaction'`,
  )
  return row?.open ?? -1
}
