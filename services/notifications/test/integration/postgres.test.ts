import { randomBytes } from 'node:crypto'
import { postgresDriver } from '@posthorn/uow-drizzle'
import { getTableConfig } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabases, type Databases } from '../../../../tooling/running-system/databases.ts'
import { postgresStorage } from '../../src/adapters/postgres-storage.ts'
import * as schema from '../../src/adapters/schema.ts'
import { oddInputBehaviour } from '../behaviour/bad-input.ts'
import { tellingBehaviour } from '../behaviour/telling.ts'

describe('on Postgres', () => {
  let databases: Databases

  beforeAll(async () => {
    const server = process.env.POSTHORN_TEST_DATABASE_URL
    if (server === undefined) throw new Error('POSTHORN_TEST_DATABASE_URL is not set; npm test sets it')
    databases = await createDatabases(server, `test_${randomBytes(4).toString('hex')}`, ['notifications'])
  })
  afterAll(() => databases.drop())

  const storage = async () => postgresStorage({ url: databases.url('notifications') })
  tellingBehaviour(storage)
  describe('any input', () => oddInputBehaviour(storage))

  test('the tables are what the migrations make', async () => {
    await using driver = postgresDriver(databases.url('notifications'))
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
})
