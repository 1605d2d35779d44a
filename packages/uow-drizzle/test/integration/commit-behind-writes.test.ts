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
