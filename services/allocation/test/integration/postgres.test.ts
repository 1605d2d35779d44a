import { randomBytes } from 'node:crypto'
import { allocation } from '@posthorn/contracts'
import { type DrizzleUnit, drizzleUnitsOfWork, postgresDriver } from '@posthorn/uow-drizzle'
import { sql } from 'drizzle-orm'
import { getTableConfig } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabases, type Databases } from '../../../../tooling/running-system/databases.ts'
import { drizzleStockView } from '../../src/adapters/drizzle-stock-view.ts'
import { postgresStorage } from '../../src/adapters/postgres-storage.ts'
import * as schema from '../../src/adapters/schema.ts'
import { everyBehaviour } from '../behaviour/every-behaviour.ts'

describe('on Postgres', () => {
  let databases: Databases

  beforeAll(async () => {
    const server = process.env.POSTHORN_TEST_DATABASE_URL
    if (server === undefined) throw new Error('POSTHORN_TEST_DATABASE_URL is not set; npm test sets it')
    databases = await createDatabases(server, `test_${randomBytes(4).toString('hex')}`, ['allocation'])
  })
  afterAll(() => databases.drop())

  everyBehaviour(async () => postgresStorage({ url: databases.url('allocation') }))

  test('the tables are what the migrations make', async () => {
    await using driver = postgresDriver(databases.url('allocation'))
    for (const table of Object.values(schema).map(getTableConfig)) {
      const made = await driver.query(
        'select column_name as name, data_type as type, is_nullable as nullable from information_schema.columns where table_name = $1',
        [table.name],
      )
      const told = table.columns.map((column) => ({
        name: column.name,
        type: column.getSQLType(),
        nullable: column.notNull ? 'NO' : 'YES',
      }))
      const byName = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
      expect([...made].map((row) => ({ ...row })).sort(byName)).toEqual(told.sort(byName))
    }
  })

  test('the figures of products cost one reading of their own lines that wait, and of no other lines', async () => {
    await using driver = postgresDriver(databases.url('allocation'))
    // After all names of other tests.
    const stem = '\u{10fffd}'
    const [a, b, other] = [`${stem}a`, `${stem}b`, 'waits']
    for (const sku of [a, b, other]) {
      await driver.query('insert into products values ($1, 1, 0)', [sku])
      await driver.query(
        'insert into lines select $1, n::text, 1, null, n, true from generate_series(1, 5) n',
        [sku],
      )
    }
    await driver.query('insert into batches values ($1, $1, 9, 9, null, 2)', [b])
    await driver.query('update lines set batch_ref = $1 where sku = $1 and position > 3', [b])
    const linesRead = ({ db }: DrizzleUnit) => ({
      forceIndexes: () => db.execute(sql`set local enable_seqscan = off`),
      async count() {
        const read = sql`seq_tup_read + idx_tup_fetch`.mapWith(Number)
        const tables = sql`pg_stat_xact_user_tables where relname = 'lines'`
        return (await db.select({ read }).from(tables))[0]?.read ?? 0
      },
    })
    const adapters = { stock: drizzleStockView, linesRead }
    const units = drizzleUnitsOfWork({ domain: allocation, driver, repositories: {}, adapters })
    await units.run(async ({ stock, linesRead }) => {
      await linesRead.forceIndexes()
      const before = await linesRead.count()
      expect(await stock.products({ after: stem, limit: 9 })).toEqual([
        { sku: a, version: 1, purchasedQty: 0, availableQty: 0, waitingQty: 5 },
        { sku: b, version: 1, purchasedQty: 9, availableQty: 7, waitingQty: 3 },
      ])
      expect((await linesRead.count()) - before).toBe(8)
    })
  })
})
