import { Basket, market } from '@posthorn/core/contract-tests'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits, newBasket } from '../market-store.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/*
 * Round trips are what a transaction costs when the database is not on the same machine, and they hold their locks
 * meanwhile. They are counted, not timed: the numbers are exact.
 */

let database: FreshDatabase
let proxy: TcpProxy
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  proxy = await tcpProxy(database.url, 20)
  driver = postgresDriver(proxy.url, { max: 1 })
  await createMarket(driver)
})

afterAll(async () => {
  await driver.end()
  await proxy[Symbol.asyncDispose]()
  await database.dispose()
})

test('reading, changing and committing an aggregate with its messages takes three round trips', async () => {
  const units = marketUnits(driver)
  const id = await storedBasket()
  const flights = await flightsOf(() =>
    units.run(async (unit) => {
      const basket = await unit.baskets.get(id)
      basket?.put('CHAIR', basket.version)
      unit.publish(market.events.Looked({ basketId: id }))
    }),
  )
  expect(flights).toBe(3)
})

test('a lock, isolation, time limits and several aggregates cost no round trip more', async () => {
  const units = marketUnits(driver)
  const ids = [await storedBasket(), await storedBasket()]
  const flights = await flightsOf(() =>
    units.run(
      async (unit) => {
        const read = await Promise.all(ids.map((id) => unit.baskets.get(id, { lock: 'update' })))
        for (const basket of read) basket?.put('CHAIR', basket.version)
      },
      { isolation: 'repeatable read', statementTimeout: 1_000, lockTimeout: 1_000, idleTimeout: 1_000 },
    ),
  )
  expect(flights).toBe(3)
})

test('reading a part, with a lock or without, takes as many as reading the whole', async () => {
  const units = marketUnits(driver)
  const id = await storedBasket()
  for (const options of [{}, { lock: 'update' }] as const) {
    const flights = await flightsOf(() =>
      units.run(async (unit) => {
        const basket = await unit.baskets.getWithItem(id, 'CHAIR', options)
        basket?.put('CHAIR', basket.version)
      }),
    )
    expect(flights).toBe(3)
  }
})

test('what is left for the commit takes none', async () => {
  const units = marketUnits(driver)
  const id = await storedBasket()
  const flights = await flightsOf(() =>
    units.run(async ({ baskets, finder }) => {
      const basket = await baskets.get(id)
      basket?.put('CHAIR', basket.version)
      finder.renameAtCommit('Ada')
      finder.renameAtCommit('Grace')
    }),
  )
  expect(flights).toBe(3)
})

test('adding an aggregate takes two round trips, and reading one takes three', async () => {
  const units = marketUnits(driver)
  const id = await storedBasket()
  expect(await flightsOf(async () => void (await storedBasket()))).toBe(2)
  expect(await flightsOf(() => units.run((unit) => unit.baskets.get(id)))).toBe(3)
})

test('a claim costs one round trip more, and none when it is announced', async () => {
  const units = marketUnits(driver)
  const id = await storedBasket()
  let message = 0
  const handle = async (announced: boolean) => {
    message += 1
    const key = { consumer: 'commands', source: 'shop', messageId: String(message) }
    const claim = { key, fingerprint: 'body' }
    const transaction = await units.begin(announced ? { claim } : {})
    expect(await transaction.inbox.claim(key, 'body')).toEqual({ first: true })
    const basket = await transaction.unit.baskets.get(id)
    basket?.put('CHAIR', message)
    transaction.inbox.record(key, { ok: true, result: message })
    await transaction.commit()
  }
  expect(await flightsOf(() => handle(false))).toBe(4)
  expect(await flightsOf(() => handle(true))).toBe(3)
})

test('a handler without a result costs no second write of its claim', async () => {
  const units = marketUnits(driver)
  await driver.query(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'written twice'; end $$`)
  await driver.query(
    'create trigger once before update on posthorn_inbox for each row execute function refuse()',
  )
  const handle = async (messageId: string, result: unknown) => {
    const transaction = await units.begin()
    const key = { consumer: 'view', source: 'shop', messageId }
    const claim = await transaction.inbox.claim(key, 'body')
    if (claim.first) transaction.inbox.record(key, { ok: true, result })
    await transaction.commit()
    return claim
  }
  expect(await handle('event', undefined)).toEqual({ first: true })
  expect(await handle('event', undefined)).toEqual({ first: false, outcome: { ok: true } })
  await expect(handle('command', 'done')).rejects.toThrow('written twice')
  await driver.query('drop function refuse cascade')
})

test('a commit of which one statement cannot be built sends none', async () => {
  // To which no statement is known, so that it sends their texts.
  await using fresh = postgresDriver(proxy.url, { max: 1 })
  let sent = ''
  proxy.onRequest = (bytes) => {
    sent += bytes.toString('latin1')
    return true
  }
  const adding = marketUnits(fresh).run(async (unit) => {
    // The second one, by id.
    unit.baskets.add(Object.assign(Basket.new('b'), { openedAt: new Date(Number.NaN) }))
    unit.baskets.add(Basket.new('a'))
  })
  await expect(adding).rejects.toThrow('Invalid time value')
  proxy.onRequest = () => true
  expect(sent).toContain('begin ')
  expect(sent).not.toMatch(/insert/)
})

async function storedBasket(): Promise<string> {
  const basket = newBasket()
  await marketUnits(driver).run(async (unit) => unit.baskets.add(basket))
  return basket.id
}

/** Of the third run: each statement is parsed once per connection, and the first two are not alike. */
async function flightsOf(work: () => Promise<unknown>): Promise<number> {
  await work()
  await work()
  const before = proxy.flights
  await work()
  return proxy.flights - before
}
