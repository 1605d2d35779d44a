import { setTimeout as sleep } from 'node:timers/promises'
import { type Basket, market } from '@posthorn/core/contract-tests'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { baskets, createMarket, items, marketUnits, newBasket } from '../market-store.ts'

let database: FreshDatabase
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  driver = postgresDriver(database.url, { max: 3 })
  await createMarket(driver)
})

beforeEach(async () => {
  await driver.query('truncate items, baskets')
})

afterAll(async () => {
  await driver.end()
  await database.dispose()
})

test('an aborted signal cancels the statement at work, and the connection can be used again', async () => {
  const single = postgresDriver(database.url, { max: 1 })
  const abort = new AbortController()
  const transaction = await single.begin({ signal: abort.signal })
  const reason = new Error('too late')
  const statements = [transaction.run('select pg_sleep(10)'), transaction.run('select 1')]
  await sleep(50)
  const start = performance.now()
  abort.abort(reason)
  for (const outcome of await Promise.allSettled(statements)) {
    expect(outcome).toEqual({ status: 'rejected', reason })
  }
  await transaction.rollback()
  expect(transaction.phase).toBe('rolled-back')
  expect(await single.query('select 1 as one')).toEqual([{ one: 1 }])
  expect(performance.now() - start).toBeLessThan(2_000)
  await single.end()
})

test.each([0, 1, 2, 3])(
  'a signal that is aborted %i moments after a statement was given rolls back soon, on the same connection',
  async (moments) => {
    const single = postgresDriver(database.url, { max: 1 })
    const [before] = await single.query('select pg_backend_pid() as pid')
    const abort = new AbortController()
    const transaction = await single.begin({ signal: abort.signal })
    await transaction.run('select 1')
    const start = performance.now()
    const statement = expect(transaction.run('select pg_sleep(10)')).rejects.toThrow('enough')
    for (let moment = 0; moment < moments; moment++) await Promise.resolve()
    abort.abort(new Error('enough'))
    await statement
    await transaction.rollback()
    expect(transaction.phase).toBe('rolled-back')
    expect(performance.now() - start).toBeLessThan(2_000)
    expect(await single.query('select pg_backend_pid() as pid')).toEqual([before])
    await single.end()
  },
)

test('aborting between two statements rolls back by itself', async () => {
  const abort = new AbortController()
  const transaction = await driver.begin({ signal: abort.signal })
  await transaction.run('select 1')
  abort.abort()
  await expect.poll(() => transaction.phase).toBe('rolled-back')
})

test('a statement that takes too long is cancelled by Postgres, and its error comes as it is', async () => {
  const transaction = await driver.begin({ statementTimeout: 50 })
  await expect(transaction.run('select pg_sleep(10)')).rejects.toMatchObject({ code: '57014' })
  await transaction.rollback()
})

test('only a taken primary key is an aggregate that exists; another unique constraint comes as it is', async () => {
  const units = marketUnits(driver, { owner: 'ann' })
  const first = newBasket()
  const add = (basket: Basket) => units.run(async (unit) => unit.baskets.add(basket))
  await add(first)
  await expect(add(first)).rejects.toMatchObject({ code: 'AggregateExists' })
  await driver.query('create unique index one_owner on baskets (owner)')
  try {
    await expect(add(newBasket())).rejects.toMatchObject({ code: '23505', constraint_name: 'one_owner' })
  } finally {
    await driver.query('drop index one_owner')
  }
})

test('two transactions in each other’s way are a SerializationConflict for one of them', async () => {
  await driver.query(`insert into baskets values ('a', 1, null, true), ('b', 1, null, true)`)
  const [one, other] = [await driver.begin(), await driver.begin()]
  const touch = (id: string) => ['update baskets set version = version + 1 where id = $1', [id]] as const
  await one.run(...touch('a'))
  await other.run(...touch('b'))
  const outcomes = await Promise.allSettled([one.run(...touch('b')), other.run(...touch('a'))])
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(failed).toMatchObject([{ reason: { code: 'SerializationConflict', outcome: 'failed' } }])
  await one.rollback()
  await other.rollback()
})

test('F21 a table that somebody keeps locked is a conflict in time, and no unit waits for longer', async () => {
  const units = marketUnits(driver)
  const locking = await driver.begin()
  await locking.run('lock table baskets in access exclusive mode')
  const start = performance.now()
  const adding = units.run(async (unit) => unit.baskets.add(newBasket()), {
    lockTimeout: 100,
    retry: { attempts: 2, base: 1, cap: 1 },
  })
  await expect(adding).rejects.toMatchObject({ code: 'SerializationConflict', retryable: true })
  expect(performance.now() - start).toBeLessThan(2_000)
  await locking.rollback()
  await units.run(async (unit) => unit.baskets.add(newBasket()))
  expect(await driver.db.$count(baskets)).toBe(1)
})

test('run tries a serialization failure again that a finder’s statement met', async () => {
  await driver.query(`insert into baskets values ('a', 1, null, true)`)
  const units = marketUnits(driver)
  const attempts: number[] = []
  await units.run(
    async (unit) => {
      attempts.push(unit.attempt)
      await unit.finder.count()
      if (unit.attempt === 1) await driver.query(`update baskets set owner = 'Ada'`)
      await unit.finder.rename('Grace')
    },
    { isolation: 'repeatable read' },
  )
  expect(attempts).toEqual([1, 2])
})

test('the unit’s db sees the unit’s transaction, and its own transactions are savepoints', async () => {
  const transaction = await marketUnits(driver).begin()
  const { db } = transaction.unit.finder
  await db
    .insert(items)
    .values({ basketId: 'x', sku: 'CHAIR', qty: 1 })
    .catch(() => undefined)
  await transaction.rollback()
  const second = await marketUnits(driver).begin()
  const unit = second.unit.finder
  await unit.db.insert(baskets).values({ id: 'x', version: 1, open: true })
  const nested = unit.db.transaction(async (inner) => {
    await inner.update(baskets).set({ owner: 'Ada' })
    throw new Error('undo')
  })
  await expect(nested).rejects.toThrow('undo')
  const [row] = await unit.db.select().from(baskets).where(eq(baskets.id, 'x'))
  expect(row?.owner).toBeNull()
  expect(await driver.db.select().from(baskets)).toEqual([])
  await second.commit()
  expect(await driver.db.select({ id: baskets.id }).from(baskets)).toEqual([{ id: 'x' }])
})

test('transactions of the unit’s db are nested through their own handle, and refused side by side', async () => {
  const transaction = await marketUnits(driver).begin()
  const { db } = transaction.unit.finder
  const add = (on: typeof db, id: string) => on.insert(baskets).values({ id, version: 1, open: true })
  const undo = async () => {
    throw new Error('undo')
  }
  await db.transaction(async (outer) => {
    await add(outer, 'outer')
    await expect(outer.transaction((inner) => add(inner, 'inner').then(undo))).rejects.toThrow('undo')
  })
  const outcomes = await Promise.allSettled([
    db.transaction((first) => add(first, 'first').then(undo)),
    db.transaction((second) => add(second, 'second')),
    transaction.unit.savepoint(() => add(db, 'third')),
  ])
  const overlap = { status: 'rejected', reason: { code: 'SavepointOverlap' } }
  expect(outcomes).toMatchObject([{ reason: { message: 'undo' } }, overlap, overlap])
  await transaction.commit()
  expect(await driver.db.select({ id: baskets.id }).from(baskets)).toEqual([{ id: 'outer' }])
})

test('a lock key is an advisory lock, held before the first statement and gone with the connection', async () => {
  const locks = `select pid from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())`
  const transaction = await driver.begin({ lockKey: 'stock' })
  const [holder, ...others] = await driver.query<{ pid: number }>(locks)
  expect([typeof holder?.pid, others]).toEqual(['number', []])
  const next = driver.begin({ lockKey: 'stock' })
  await driver.query('select pg_terminate_backend($1)', [holder?.pid ?? 0])
  await (await next).rollback()
  expect(await driver.query(locks)).toEqual([])
  await expect.poll(() => transaction.phase).toBe('lost')
})

test('the driver’s db reads, and refuses transactions, which nothing would guard', async () => {
  expect(await driver.db.select().from(baskets)).toEqual([])
  const unguarded = driver.db.transaction(async () => undefined)
  await expect(unguarded).rejects.toMatchObject({ code: 'UnguardedTransaction' })
})

test('without prepared statements it takes longer, and works', async () => {
  const plain = postgresDriver(database.url, { max: 1, prepare: false })
  const units = marketUnits(plain)
  const basket = newBasket()
  await units.run(async (unit) => unit.baskets.add(basket))
  for (const sku of ['CHAIR', 'TABLE']) {
    await units.run(async (unit) => (await unit.baskets.get(basket.id))?.put(sku, 1))
  }
  const read = await units.run((unit) => unit.baskets.get(basket.id))
  expect([read?.version, read?.items.length]).toEqual([3, 2])
  await plain.end()
})

test('an aggregate is read whole though others commit between its rows', async () => {
  const units = marketUnits(driver)
  const basket = newBasket()
  await units.run(async (unit) => unit.baskets.add(basket))
  let running = true
  const writer = (async () => {
    for (let size = 1; running; size = (size % 20) + 1) {
      await units.run(async (unit) => {
        const stored = await unit.baskets.get(basket.id)
        if (stored === undefined) return
        stored.owner = String(size)
        for (const { sku } of stored.items) stored.drop(sku)
        for (let item = 0; item < size; item++) stored.put(`SKU-${item}`, size)
        stored.events.splice(0)
      })
    }
  })()
  const sizes = new Set<number>()
  const end = performance.now() + 8_000
  for (let reads = 0; reads < 300 && (sizes.size < 5 || performance.now() < end); reads++) {
    const read = await units.run((unit) => unit.baskets.get(basket.id))
    expect(read?.items.length).toBe(Number(read?.owner ?? 0))
    sizes.add(read?.items.length ?? 0)
  }
  running = false
  await writer
  expect(sizes.size).toBeGreaterThanOrEqual(5)
})

test('a commit writes aggregates by id, then outcomes for the inbox, and the outbox last', async () => {
  await driver.query('create table written (n serial, what text)')
  await driver.query(`create function note() returns trigger language plpgsql as $$ begin
      insert into written (what) values (tg_table_name || coalesce(' ' || (to_jsonb(new) ->> 'id'), '')); return new;
    end $$`)
  for (const when of [
    'update on baskets',
    'insert on items',
    'update on posthorn_inbox',
    'insert on posthorn_outbox',
  ]) {
    await driver.query(`create trigger note after ${when} for each row execute function note()`)
  }
  const [a, b] = [newBasket(), newBasket()].sort((one, other) => (one.id < other.id ? -1 : 1)) as [
    Basket,
    Basket,
  ]
  await marketUnits(driver).run(async (unit) => {
    unit.baskets.add(a)
    unit.baskets.add(b)
  })
  const key = { consumer: 'commands', source: 'shop', messageId: 'one' }
  const transaction = await marketUnits(driver).begin()
  await transaction.inbox.claim(key, 'body')
  transaction.inbox.record(key, { ok: true, result: 1 })
  const message = market.events.Looked({ basketId: a.id })
  transaction.outbox.add({ message, handler: null, key: null, depth: 0 })
  for (const { id } of [b, a]) {
    const basket = await transaction.unit.baskets.get(id)
    basket?.put('CHAIR', 1)
    if (basket !== undefined) basket.owner = 'Ada'
  }
  await transaction.commit()
  const written = await driver.query<{ what: string }>('select what from written order by n')
  await driver.query('drop function note cascade; drop table written')
  expect(written.map(({ what }) => what)).toEqual([
    `baskets ${a.id}`,
    'items',
    `baskets ${b.id}`,
    'items',
    'posthorn_inbox',
    'posthorn_outbox',
  ])
})

test('a listener that fails does not make a commit fail, nor keep another one from hearing of it', async () => {
  const warnings: string[] = []
  const note = ({ message }: Error) => void warnings.push(message)
  process.on('warning', note)
  const heard: string[] = []
  const forget = [
    driver.onOutboxAdded(() => {
      throw new Error('not today')
    }),
    driver.onOutboxAdded(() => void heard.push('it')),
  ]
  await marketUnits(driver).run(async (unit) => unit.publish(market.events.Looked({ basketId: 'b' })))
  for (const end of forget) end()
  expect(heard).toEqual(['it'])
  await expect.poll(() => warnings).toEqual([expect.stringContaining('not today')])
  process.off('warning', note)
})

test('more children than one statement has room for are written and read', async () => {
  const units = marketUnits(driver)
  const basket = newBasket()
  for (let item = 0; item < 1_201; item++) basket.put(`SKU-${item}`, item)
  basket.events.splice(0)
  await units.run(async (unit) => unit.baskets.add(basket))
  const stored = await units.run((unit) => unit.baskets.get(basket.id))
  expect(stored?.items).toEqual(basket.items)
})

test('a mapping that names a column the table does not have is refused', async () => {
  const units = marketUnits(driver, { mistake: 1 })
  const adding = units.run(async (unit) => unit.baskets.add(newBasket()))
  await expect(adding).rejects.toMatchObject({ code: 'InvalidDefinition', message: /column mistake/ })
})

test('what is wrong with a statement of the repository is told without its parameters', async () => {
  const units = marketUnits(driver)
  const basket = newBasket()
  basket.put('secret', Number.NaN)
  const adding = units.run(async (unit) => unit.baskets.add(basket))
  const error = await adding.catch((reason: Error) => reason)
  expect(String(error)).not.toContain('secret')
})
