import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { market } from '@posthorn/core/contract-tests'
import {
  drizzleUnitsOfWork,
  migrate,
  migrateFolder,
  type PostgresDriver,
  postgresDriver,
  posthornInbox,
  posthornOutbox,
} from '@posthorn/uow-drizzle'
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api'
import { getTableColumns, getTableName } from 'drizzle-orm'
import { getTableConfig, type PgTable } from 'drizzle-orm/pg-core'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { describeDatabase } from '../describe-database.ts'

let database: FreshDatabase
let driver: PostgresDriver
let folder: string

beforeEach(async () => {
  database = await freshDatabase()
  driver = postgresDriver(database.url)
  folder = await mkdtemp(join(tmpdir(), 'posthorn-migrations-'))
})

afterEach(async () => {
  await driver.end()
  await database.dispose()
  await rm(folder, { recursive: true })
})

test('the migrations come to what schema.sql says', async () => {
  await migrate(driver)
  await expect(await describeDatabase(driver)).toMatchFileSnapshot('../../schema.sql')
})

test('the drizzle tables have the columns, types and indexes of the migrated ones', async () => {
  await migrate(driver)
  for (const table of [posthornOutbox, posthornInbox] as PgTable[]) {
    const columns = await driver.query<{ name: string; type: string; required: boolean }>(
      `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as required
       from pg_attribute where attrelid = $1::text::regclass and attnum > 0 order by attnum`,
      [getTableName(table)],
    )
    const declared = Object.values(getTableColumns(table)).map((column) => ({
      name: column.name,
      type: column.getSQLType(),
      required: column.notNull || column.primary,
    }))
    expect(columns).toEqual(declared)
    const indexes = await driver.query<{ name: string }>(
      `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid
       where i.indrelid = $1::text::regclass and not i.indisprimary order by 1`,
      [getTableName(table)],
    )
    const names = getTableConfig(table).indexes.map(({ config }) => config.name)
    expect(indexes.map(({ name }) => name)).toEqual(names.sort())
  }
})

test('drizzle-kit makes the same of the tables that a schema file re-exports', async () => {
  await migrate(driver)
  await driver.query('drop table posthorn_migrations')
  const migrated = await describeDatabase(driver)
  await driver.query('drop table posthorn_outbox, posthorn_inbox')
  const [empty, wanted] = [generateDrizzleJson({}), generateDrizzleJson({ posthornInbox, posthornOutbox })]
  for (const statement of await generateMigration(empty, wanted)) await driver.query(statement)
  // Only the name of the constraint differs.
  const generated = (await describeDatabase(driver)).replace(
    /constraint posthorn_inbox_\w+_pk/,
    'constraint posthorn_inbox_pkey',
  )
  expect(generated).toBe(migrated)
})

test('six processes may migrate at once: one does the work', async () => {
  const drivers = Array.from({ length: 6 }, () => postgresDriver(database.url, { max: 1 }))
  const applied = await Promise.all(drivers.map((own) => migrate(own)))
  expect(applied.filter((names) => names.length > 0)).toEqual([['0001_outbox_and_inbox.sql']])
  await Promise.all(drivers.map((own) => own.end()))
})

test('C89 two schemas of one database are migrated each, once, and remember different messages', async () => {
  await driver.query('create schema one; create schema other')
  const drivers = ['one', 'other'].map((schema) => postgresDriver(`${database.url}?search_path=${schema}`))
  for (const own of drivers) {
    expect(await migrate(own)).toEqual(['0001_outbox_and_inbox.sql'])
    expect(await migrate(own)).toEqual([])
  }
  const claims = drivers.map(async (own) => {
    const units = drizzleUnitsOfWork({ domain: market, driver: own, repositories: {} })
    const key = { consumer: 'commands', source: 'shop', messageId: 'one and the same' }
    const firsts: boolean[] = []
    for (let delivery = 0; delivery < 2; delivery++) {
      const transaction = await units.begin()
      firsts.push((await transaction.inbox.claim(key, 'body')).first)
      await transaction.commit()
    }
    return firsts
  })
  expect(await Promise.all(claims)).toEqual([
    [true, false],
    [true, false],
  ])
  await Promise.all(drivers.map((own) => own.end()))
})

test('a folder of one’s own is applied in the order of its names, each file once', async () => {
  await writeFile(
    join(folder, '0002_column.sql'),
    'alter table thing add column b text; insert into thing values (1)',
  )
  await writeFile(join(folder, '0001_table.sql'), 'create table thing (a int)')
  await writeFile(join(folder, 'notes.txt'), 'no SQL')
  expect(await migrateFolder(driver, folder, 'migrations')).toEqual(['0001_table.sql', '0002_column.sql'])
  await writeFile(join(folder, '0003_row.sql'), "insert into thing values (2, 'b')")
  expect(await migrateFolder(driver, folder, 'migrations')).toEqual(['0003_row.sql'])
  expect(await migrateFolder(driver, folder, 'migrations')).toEqual([])
  expect(await driver.query('select a, b from thing order by a')).toEqual([
    { a: 1, b: null },
    { a: 2, b: 'b' },
  ])
})

test('a folder that fails half-way leaves nothing behind', async () => {
  await writeFile(join(folder, '0001_table.sql'), 'create table thing (a int)')
  await writeFile(join(folder, '0002_wrong.sql'), 'alter table nothing add column b text')
  await expect(migrateFolder(driver, folder, 'migrations')).rejects.toMatchObject({ code: '42P01' })
  expect(await describeDatabase(driver)).toBe('\n')
})

test('a migration that was changed after it was applied is refused', async () => {
  await writeFile(join(folder, '0001_table.sql'), 'create table thing (a int)')
  await migrateFolder(driver, folder, 'migrations')
  await writeFile(join(folder, '0001_table.sql'), 'create table thing (a bigint)')
  await expect(migrateFolder(driver, folder, 'migrations')).rejects.toMatchObject({
    code: 'MigrationChanged',
  })
})
