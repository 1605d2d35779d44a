import { market } from '@posthorn/core/contract-tests'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits, newBasket } from '../market-store.ts'

/* COMMIT goes out behind the writes, before it is known what comes of them. */

let database: FreshDatabase
let admin: PostgresDriver
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  admin = postgresDriver(database.url)
  await createMarket(admin)
  await admin.query('create table written (id int primary key, bytes bytea)')
  await admin.query('create table aged (id int, flag boolean, note text)')
})

beforeEach(async () => {
  driver = postgresDriver(database.url, { max: 1 })
  await admin.query('truncate written')
  return () => driver.end()
})

afterAll(async () => {
  await admin.end()
  await database.dispose()
})

const written = () => admin.query('select id from written')
const insert = 'insert into written values ($1, $2)'

describe('where a write fails, nothing is committed', () => {
  const writes = {
    'the server refuses it': [[1, null], '23505'],
    'it has no value': [[2, undefined], 'InvalidParameter'],
    'it has a value that nobody has mapped': [[2, { five: 5 }], 'InvalidParameter'],
    'the server cannot read the value': [['two', null], '22P02'],
  } as const

  test.each(Object.entries(writes))('because of one: %s', async (_why, [parameters, code]) => {
    // The first time the statement is parsed, and sent when its parameters are known.
    for (const isKnown of [false, true]) {
      await using fresh = postgresDriver(database.url, { max: 1 })
      if (isKnown) {
        const before = await fresh.begin()
        await before.run(insert, [0, null])
        await before.rollback()
      }
      const transaction = await fresh.begin()
      const sent = [
        transaction.run(insert, [1, null]),
        transaction.run(insert, parameters as never),
        transaction.run('select 1'),
      ]
      const commit = transaction.commit()
      await Promise.allSettled([...sent, commit])
      await expect(sent[1]).rejects.toMatchObject({ code })
      await expect(commit).rejects.toBeDefined()
      expect(await written()).toEqual([])
    }
  })

  test('because another unit was faster, whatever stands behind it', async () => {
    const basket = newBasket()
    await marketUnits(admin).run(async (unit) => unit.baskets.add(basket))
    const late = await marketUnits(driver).start()
    const stale = await late.baskets.get(basket.id)
    await marketUnits(admin).run(async (unit) => (await unit.baskets.get(basket.id))?.put('CHAIR', 1))
    const before = await admin.query('select 1 from posthorn_outbox')
    stale?.put('TABLE', 2)
    late.publish(market.events.Looked({ basketId: basket.id }))
    await expect(late.commit()).rejects.toMatchObject({ code: 'ConcurrencyConflict' })
    expect(late.state).toBe('rolled-back')
    expect(await admin.query('select 1 from posthorn_outbox')).toEqual(before)
  })
})

test('what is no parameter is told in words, and bytes and times are one', async () => {
  await expect(admin.query('select $1', [Symbol('s')] as never)).rejects.toThrow('Parameter $1 is symbol')
  await expect(admin.query('select $1', [new Date(Number.NaN)] as never)).rejects.toThrow('an invalid Date')
  await expect(admin.query('select $1, $2', [1, [2]] as never)).rejects.toThrow('Parameter $2 is a Array')
  await expect(admin.query('select 1', Array(70_000).fill(1))).rejects.toThrow('more than 65533')
  const values = [new Date(0), Buffer.from('a'), 5n, true] as never
  expect(
    await admin.query(
      'select $1::timestamptz::text as time, $2::bytea::text as bytes, $3::int8, $4::bool',
      values,
    ),
  ).toEqual([{ time: expect.stringContaining('1970'), bytes: '\\x61', int8: '5', bool: true }])
})

describe('a prepared statement that the schema has outlived', () => {
  const age = 'insert into aged values ($1, $2, $3)'
  const aged = () => admin.query('select id, flag from aged')

  beforeEach(async () => {
    await admin.query('alter table aged alter column note type text')
    const before = await driver.begin()
    await before.run(age, [0, true, '{}'])
    await before.rollback()
    await admin.query('truncate aged')
    await admin.query('alter table aged alter column note type jsonb using note::jsonb')
  })

  test('fails its transaction, is not sent behind COMMIT, and runs the next time', async () => {
    const transaction = await driver.begin()
    const sent = [transaction.run(age, [1, true, '{}']), transaction.run(insert, [1, null])]
    const commit = transaction.commit()
    const next = driver.begin()
    await Promise.allSettled(sent)
    await expect(sent[0]).rejects.toMatchObject({ code: 'SerializationConflict', retryable: true })
    await expect(commit).rejects.toMatchObject({ code: 'SerializationConflict' })
    const after = await next
    expect(await after.run('select 1 as one')).toEqual([{ one: 1 }])
    await after.run(age, [2, true, '{}'])
    await after.commit()
    expect([await written(), await aged()]).toEqual([[], [{ id: 2, flag: true }]])
  })

  test('runs as it was given where it is alone', async () => {
    await driver.query(age, [3, true, '{}'])
    expect(await aged()).toEqual([{ id: 3, flag: true }])
  })
})

test('a savepoint does not make a failure forgotten that came before it', async () => {
  const transaction = await driver.begin()
  await transaction.run(insert, [1, null])
  await transaction.run(insert, [2, undefined as never]).catch(() => undefined)
  await transaction.savepoint(async () => undefined).catch(() => undefined)
  await expect(transaction.commit()).rejects.toMatchObject({ code: 'InvalidParameter' })
  expect(await written()).toEqual([])
})

test('a commit is no unknown one when a server that takes no writes any more has said so', async () => {
  const transaction = await driver.begin()
  await transaction.run('set transaction read only')
  const sent = transaction.run(insert, [1, null])
  const commit = transaction.commit()
  await expect(sent).rejects.toMatchObject({ code: 'ConnectionLost' })
  await expect(commit).rejects.toMatchObject({ code: 'ConnectionLost' })
  expect(transaction.phase).toBe('lost')
})

describe('the signal ends a commit that has to wait', () => {
  test('and nothing is committed; the connection is as good as before', async () => {
    const blocking = await admin.begin()
    await blocking.run(insert, [2, null])
    const abort = new AbortController()
    const transaction = await driver.begin({ signal: abort.signal })
    const sent = [transaction.run(insert, [1, null]), transaction.run(insert, [2, null])]
    const commit = transaction.commit()
    await expect.poll(waiting).toHaveLength(1)
    const reason = new Error('enough')
    abort.abort(reason)
    await Promise.allSettled(sent)
    await expect(commit).rejects.toBe(reason)
    expect(transaction.phase).toBe('rolled-back')
    await blocking.rollback()
    for (let i = 0; i < 50; i++) await driver.query('select pg_sleep(0.002)')
    expect(await written()).toEqual([])
  })

  test('with its own reason, which a unit of work gives too', async () => {
    await marketUnits(admin).run(async (unit) => unit.baskets.add(newBasket()))
    const blocking = await admin.begin()
    await blocking.run('select 1 from baskets for update')
    const abort = new AbortController()
    const unit = await marketUnits(driver).start({ signal: abort.signal })
    unit.finder.renameAtCommit('Ada')
    const commit = unit.commit()
    await expect.poll(waiting).toHaveLength(1)
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(commit).rejects.toBe(reason)
    expect(unit.state).toBe('rolled-back')
    await blocking.rollback()
  })

  test('but not one that has succeeded meanwhile', async () => {
    const abort = new AbortController()
    const transaction = await driver.begin({ signal: abort.signal })
    const sent = transaction.run(insert, [1, null])
    const commit = transaction.commit()
    void sent.then(() => abort.abort(new Error('too late')))
    await commit
    expect(transaction.phase).toBe('committed')
    expect(await written()).toHaveLength(1)
  })
})

function waiting() {
  return admin.query(
    "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
  )
}
