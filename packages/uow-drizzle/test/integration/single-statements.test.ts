import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits } from '../market-store.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/* What is known of a statement outside any transaction when its answer does not come. */

let database: FreshDatabase
let admin: PostgresDriver
let proxy: TcpProxy
let driver: PostgresDriver

const unknown = { code: 'ConnectionLost', outcome: 'unknown', retryable: true }

beforeAll(async () => {
  database = await freshDatabase()
  admin = postgresDriver(database.url)
  await createMarket(admin)
  await admin.query('create table seen (id serial, what text)')
})

beforeEach(async () => {
  await admin.query('truncate seen')
  proxy = await tcpProxy(database.url)
  driver = postgresDriver(proxy.url, { max: 1 })
})

afterEach(async () => {
  await driver.end(1_000)
  await proxy[Symbol.asyncDispose]()
})

afterAll(async () => {
  await admin.end()
  await database.dispose()
})

test('one that gets no answer in time may have been executed, and says so', async () => {
  await driver.query('select 1')
  proxy.swallowAnswers(true)
  const late = driver.query("insert into seen (what) values ('late')", [], false, 200)
  await expect(late).rejects.toMatchObject({ ...unknown, message: /may have been executed/ })
  expect(await seen()).toEqual([{ what: 'late' }])
})

test('one that still waits for a connection has not been executed', async () => {
  const holder = await driver.begin()
  const waiting = driver.query('select 1', [], false, 50)
  await expect(waiting).rejects.toMatchObject({ code: 'AcquireTimeout', outcome: 'not-executed' })
  await holder.rollback()
})

test('run does not repeat a unit because of one whose answer was lost', async () => {
  await driver.query('select 1')
  const attempts: number[] = []
  const running = marketUnits(admin).run(async (unit) => {
    attempts.push(unit.attempt)
    proxy.swallowAnswers(true)
    const writing = driver.query("insert into seen (what) values ('once')")
    await Promise.all([
      writing,
      expect
        .poll(seen)
        .toHaveLength(1)
        .then(() => proxy.cut('rst')),
    ])
  })
  await expect(running).rejects.toMatchObject(unknown)
  expect(attempts).toEqual([1])
  expect(await seen()).toEqual([{ what: 'once' }])
})

test('one that was refused has not been executed, and what refused it is not asked again', async () => {
  await driver.query('set default_transaction_read_only = on')
  const refused = driver.query("insert into seen (what) values ('refused')")
  await expect(refused).rejects.toMatchObject({ code: 'ConnectionLost', outcome: 'failed', retryable: true })
  await driver.query("insert into seen (what) values ('taken')")
  expect(await seen()).toEqual([{ what: 'taken' }])
})

test('one that comes in the way of others is a SerializationConflict, and its connection serves on', async () => {
  const [before] = await driver.query('select pg_backend_pid() as pid')
  const locking = await admin.begin()
  await locking.run('lock table seen in access exclusive mode')
  await driver.query("set lock_timeout = '50ms'")
  const waiting = driver.query('select * from seen')
  await expect(waiting).rejects.toMatchObject({ code: 'SerializationConflict', outcome: 'failed' })
  await locking.rollback()
  expect(await driver.query('select pg_backend_pid() as pid')).toEqual([before])
})

function seen() {
  return admin.query('select what from seen order by id')
}
