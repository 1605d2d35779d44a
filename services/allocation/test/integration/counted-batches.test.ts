import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { migrateFolder, type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { postgresStorage } from '../../src/adapters/postgres-storage.ts'

/*
 * The migration that has batches count what their lines have, on a database that is in use, and beside instances of the
 * version before, which know nothing of it.
 */

const MIGRATIONS = new URL('../../migrations/', import.meta.url)
let database: FreshDatabase
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  driver = postgresDriver(database.url)
  await migrateTo('0002')
  await driver.query(`
    insert into products values ('LAMP', 4, 5);
    insert into batches values ('first', 'LAMP', 10, 12, null), ('second', 'LAMP', 5, 5, '2030-01-01');
    insert into order_lines values ('LAMP', 'a', 3, 'first', 1, false), ('LAMP', 'b', 4, 'first', 2, false),
      ('LAMP', 'c', 90, null, 3, true)`)
  const storage = postgresStorage({ url: database.url })
  await storage.start()
  await storage.stop(1_000)
})

afterAll(async () => {
  await driver.end()
  await database.dispose()
})

async function migrateTo(last: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'migrations-'))
  try {
    for (const file of await readdir(MIGRATIONS)) {
      if (file.slice(0, last.length) <= last) await cp(new URL(file, MIGRATIONS), join(folder, file))
    }
    await migrateFolder(driver, pathToFileURL(`${folder}/`), 'allocation_migrations')
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function stock(): Promise<readonly unknown[]> {
  const batches = await driver.query<{ ref: string; allocated: number; available: number }>(
    'select ref, allocated_qty as allocated, available_qty as available from batches order by ref',
  )
  return batches.map(({ ref, allocated, available }) => [ref, allocated, available])
}

test('what was allocated before is counted', async () => {
  expect(await stock()).toEqual([
    ['first', 7, 5],
    ['second', 0, 5],
  ])
})

test('an instance of the version before, which does not count, is counted for', async () => {
  const before = 'insert into order_lines (sku, order_id, qty, batch_ref, position, told) values'
  await driver.query(`${before} ('LAMP', 'd', 5, 'first', 4, false), ('LAMP', 'e', 1, null, 5, true)`)
  expect(await stock()).toMatchObject([['first', 12, 0], expect.anything()])
  await driver.query(`update order_lines set batch_ref = 'second', position = 6 where order_id = 'd'`)
  await driver.query(`update order_lines set batch_ref = null where sku = 'LAMP' and order_id = 'a'`)
  await driver.query(`update order_lines set told = true where sku = 'LAMP' and order_id = 'b'`)
  await driver.query(`update order_lines set batch_ref = 'first' where sku = 'LAMP' and order_id = 'e'`)
  expect(await stock()).toEqual([
    ['first', 5, 7],
    ['second', 5, 0],
  ])
  await driver.query(`delete from order_lines where sku = 'LAMP' and order_id = 'd'`)
  await driver.query(`delete from order_lines where sku = 'LAMP' and order_id = 'c'`)
  expect(await stock()).toMatchObject([expect.anything(), ['second', 0, 5]])
  const lines = await driver.query(
    'select order_id, qty, batch_ref, position, told from lines order by order_id',
  )
  expect(lines.map((row) => Object.values(row as object))).toEqual([
    ['a', 3, null, 1, false],
    ['b', 4, 'first', 2, true],
    ['e', 1, 'first', 5, true],
  ])
})

test('an instance of the version before finds the lines where it looks for them', async () => {
  const updated = await driver.query(
    `update order_lines set batch_ref = 'second' where sku = 'LAMP' and order_id = 'b' returning 1 as one`,
  )
  expect(updated).toHaveLength(1)
  const found = await driver.query(
    `select sku, order_id, qty, batch_ref, position, told from order_lines where sku = 'LAMP'`,
  )
  expect(found).toHaveLength(3)
})
