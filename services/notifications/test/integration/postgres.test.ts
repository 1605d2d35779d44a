import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { createDatabases, type Databases } from '../../../../tooling/running-system/databases.ts'
import { postgresStorage } from '../../src/adapters/postgres-storage.ts'
import { tellingBehaviour } from '../behaviour/telling.ts'

describe('on Postgres', () => {
  let databases: Databases

  beforeAll(async () => {
    const server = process.env.POSTHORN_TEST_DATABASE_URL
    if (server === undefined) throw new Error('POSTHORN_TEST_DATABASE_URL is not set; npm test sets it')
    databases = await createDatabases(server, `test_${randomBytes(4).toString('hex')}`, ['notifications'])
  })
  afterAll(() => databases.drop())

  tellingBehaviour(async () => postgresStorage(databases.url('notifications')))
})
