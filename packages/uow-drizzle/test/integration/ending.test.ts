import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'

/* How a driver ends. */

let database: FreshDatabase
let admin: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  admin = postgresDriver(database.url)
})

afterAll(async () => {
  await admin.end()
  await database.dispose()
})

test('a driver that ends waits for what is running, and refuses what is new', async () => {
  const driver = postgresDriver(database.url)
  const transaction = await driver.begin()
  const query = driver.query('select pg_sleep(0.2), 7 as seven')
  const ended = driver.end()
  const refused = { code: 'ConnectionLost' }
  await expect(driver.begin()).rejects.toMatchObject(refused)
  await expect(driver.query('select 1')).rejects.toMatchObject(refused)
  expect(await transaction.run('select pg_sleep(0.8), 1 as one')).toMatchObject([{ one: 1 }])
  await transaction.commit()
  expect(await query).toMatchObject([{ seven: 7 }])
  await ended
  await driver.end()
})

test('it waits for a transaction that is still waiting for a connection', async () => {
  const driver = postgresDriver(database.url, { max: 1 })
  const first = await driver.begin()
  const waiting = driver.begin()
  const ended = driver.end()
  await first.run('select pg_sleep(0.3)')
  await first.commit()
  const second = await waiting
  expect(await second.run('select pg_sleep(0.6), 2 as two')).toMatchObject([{ two: 2 }])
  await second.commit()
  await ended
})

test('it waits no longer than its patience', async () => {
  const driver = postgresDriver(database.url)
  const transaction = await driver.begin()
  await driver.end(50)
  await expect(transaction.run('select 1')).rejects.toMatchObject({ code: 'ConnectionLost' })
})

test('it does not wait for a connection that died inside a transaction', async () => {
  const driver = postgresDriver(database.url, { max: 2 })
  const transaction = await driver.begin()
  const [row] = await transaction.run('select pg_backend_pid() as pid')
  const lost = expect(transaction.run('select pg_sleep(10)')).rejects.toMatchObject({
    code: 'ConnectionLost',
  })
  await admin.query('select pg_terminate_backend($1)', [Number(row?.pid)])
  await lost
  const start = performance.now()
  await driver.end(10_000)
  expect(performance.now() - start).toBeLessThan(5_000)
})
