import { drizzleInbox, migrate, type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'

/* Several processes that forget at once what is old; each driver stands for one. */

let database: FreshDatabase
let driver: PostgresDriver
let drivers: readonly PostgresDriver[]

beforeAll(async () => {
  database = await freshDatabase()
  driver = postgresDriver(database.url)
  drivers = Array.from({ length: 4 }, () => postgresDriver(database.url, { max: 1 }))
  await migrate(driver)
})

afterAll(async () => {
  await Promise.all([driver, ...drivers].map((own) => own.end()))
  await database.dispose()
})

test('C86 many that purge the same at once do not stand in each other’s way, nor in that of a claim', async () => {
  const old = 900
  // As they lie in the table they are not in the order of their times.
  await driver.query(
    `insert into posthorn_inbox (consumer, source, message_id, fingerprint, received_at)
     select 'c', 's', n::text, 'body', clock_timestamp() - interval '15 days' - random() * interval '1 day'
     from generate_series(1, $1::text::int) as n`,
    [String(old)],
  )
  // Whoever comes to this one waits, and has rows by then that others want.
  const holder = await driver.begin()
  await holder.run("select 1 from posthorn_inbox where message_id = '450' for update")
  const purging = Promise.all(drivers.map((own) => drizzleInbox(own).purge()))
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  await expect.poll(() => driver.query(waiting), { timeout: 10_000 }).toHaveLength(drivers.length)
  await driver.query(
    "insert into posthorn_inbox (consumer, source, message_id, fingerprint) values ('c', 's', 'young', 'body')",
  )
  await holder.rollback()
  const purged = await purging
  expect(purged.reduce((sum, count) => sum + count)).toBe(old)
  expect(await driver.query('select message_id from posthorn_inbox')).toEqual([{ message_id: 'young' }])
})
