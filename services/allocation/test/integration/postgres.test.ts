import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import { createDatabases, type Databases } from '../../../../tooling/running-system/databases.ts'
import { postgresStorage } from '../../src/adapters/postgres-storage.ts'
import { concurrencyBehaviour } from '../behaviour/concurrency.ts'
import { httpBehaviour } from '../behaviour/http.ts'
import { messageBehaviour } from '../behaviour/messages.ts'
import { repositoryBehaviour } from '../behaviour/repository.ts'

describe('on Postgres', () => {
  let databases: Databases

  beforeAll(async () => {
    const server = process.env.POSTHORN_TEST_DATABASE_URL
    if (server === undefined) throw new Error('POSTHORN_TEST_DATABASE_URL is not set; npm test sets it')
    databases = await createDatabases(server, `test_${randomBytes(4).toString('hex')}`, ['allocation'])
  })
  afterAll(() => databases.drop())

  const storage = async () => postgresStorage(databases.url('allocation'))
  httpBehaviour(storage)
  messageBehaviour(storage)
  repositoryBehaviour(storage)
  concurrencyBehaviour(storage)
})
