import { setTimeout as sleep } from 'node:timers/promises'
import { PosthornError } from '@posthorn/core'
import { Basket, market } from '@posthorn/core/contract-tests'
import { drizzleOutboxQueue, type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits } from '../market-store.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/*
 * Units of work while connections die all the time. An exception that nobody handles fails the file; a worker that
 * hangs fails the test.
 */

const DURATION = process.env.POSTHORN_TEST_FULL === '1' ? 20_000 : 3_000
/** A busy machine may take longer than that to commit so much, in ms. */
const LONGEST = DURATION + 40_000
const ENOUGH = 30
const WORKERS = 6
const ACCOUNTS = ['a', 'b', 'c', 'd']

let database: FreshDatabase
let admin: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  admin = postgresDriver(database.url)
  await createMarket(admin)
})

afterAll(async () => {
  await admin.end()
  await database.dispose()
})

const attacks: Readonly<Record<string, (proxy: TcpProxy) => unknown>> = {
  'connections are reset': (proxy) => proxy.cut('rst', 'one'),
  'connections are closed': (proxy) => proxy.cut('fin', 'one'),
  'backends are killed': () =>
    admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'victim' order by random() limit 1`,
    ),
}

test.each(Object.keys(attacks))(
  'while %s, what was acknowledged is stored and what was refused is not',
  async (name) => {
    await admin.query('truncate items, baskets, posthorn_outbox')
    const proxy = await tcpProxy(database.url)
    const driver = postgresDriver(proxy.url, { max: 4, applicationName: 'victim' })
    const units = marketUnits(driver)
    await marketUnits(admin).run(async (unit) => {
      for (const id of ACCOUNTS) {
        const account = new Basket({
          id,
          owner: null,
          open: true,
          openedAt: null,
          items: [{ sku: 'coins', qty: 100 }],
        })
        unit.baskets.add(account)
      }
    })

    const committed = new Set<string>()
    const refused = new Set<string>()
    const unknown = new Set<string>()
    const others: unknown[] = []
    const begun = performance.now()
    const goesOn = () => {
      const elapsed = performance.now() - begun
      return elapsed < DURATION || (committed.size < ENOUGH && elapsed < LONGEST)
    }

    const transfer = async (worker: number, turn: number) => {
      const from = ACCOUNTS[(worker + turn) % ACCOUNTS.length] as string
      const to = ACCOUNTS[(worker + turn + 1) % ACCOUNTS.length] as string
      let message = ''
      try {
        await units.run(async (unit) => {
          const [source, target] = await Promise.all([
            unit.baskets.get(from, { lock: 'update' }),
            unit.baskets.get(to, { lock: 'update' }),
          ])
          source?.put('coins', (source.items[0]?.qty ?? 0) - 1)
          target?.put('coins', (target.items[0]?.qty ?? 0) + 1)
          for (const account of [source, target]) account?.events.splice(0)
          const event = market.events.Looked({ basketId: from })
          // Each attempt has a message of its own; all but the last were refused.
          if (message !== '') refused.add(message)
          message = event.id
          unit.publish(event)
        })
        committed.add(message)
      } catch (error) {
        if (!(error instanceof PosthornError)) others.push(error)
        else if (error.code === 'CommitOutcomeUnknown') unknown.add(message)
        else if (message !== '') refused.add(message)
      }
    }
    const worker = async (_: unknown, index: number) => {
      for (let turn = 0; goesOn(); turn++) await transfer(index, turn)
    }
    const attacker = async () => {
      while (goesOn()) {
        const before = committed.size
        await sleep(25)
        // A busy machine would never get anything done.
        for (let waited = 0; committed.size === before && waited < 1_000; waited += 25) await sleep(25)
        await attacks[name]?.(proxy)
      }
    }
    await Promise.all([attacker(), ...Array.from({ length: WORKERS }, worker)])

    expect(others).toEqual([])
    expect(committed.size).toBeGreaterThanOrEqual(ENOUGH)
    const stored = new Set<string>()
    await drizzleOutboxQueue(admin).deliver(1_000_000, async (entries) => {
      for (const { message } of entries) stored.add(message.id)
      return []
    })
    expect([...committed].filter((id) => !stored.has(id))).toEqual([])
    expect([...refused].filter((id) => stored.has(id))).toEqual([])
    expect([...stored].filter((id) => !committed.has(id) && !unknown.has(id))).toEqual([])
    const [coins] = await admin.query<{ total: number }>('select sum(qty)::int as total from items')
    expect(coins?.total).toBe(100 * ACCOUNTS.length)
    await driver.end(1_000)
    await proxy[Symbol.asyncDispose]()
  },
  LONGEST + 60_000,
)
