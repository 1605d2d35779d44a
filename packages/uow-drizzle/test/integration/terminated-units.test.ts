import { randomUUID } from 'node:crypto'
import { market } from '@posthorn/core/contract-tests'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { DrizzleQueryError } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits, newBasket } from '../market-store.ts'

/*
 * A unit's backend is terminated while its handler waits for something that is not Postgres, so that nobody tells it.
 * Meanwhile another unit has the only connection; then the handler goes on as if nothing had happened.
 */

type Transaction = Awaited<ReturnType<ReturnType<typeof marketUnits>['begin']>>

let database: FreshDatabase
let admin: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  admin = postgresDriver(database.url)
  await createMarket(admin)
})

beforeEach(async () => {
  await admin.query('truncate items, baskets, posthorn_outbox, posthorn_inbox')
  await marketUnits(admin).run(async (unit) =>
    unit.baskets.add(Object.assign(newBasket(), { owner: 'nobody' })),
  )
})

afterAll(async () => {
  await admin.end()
  await database.dispose()
})

const key = () => ({ consumer: 'commands', source: 'shop', messageId: randomUUID() })

/** How far the unit has come. */
const steps: Readonly<Record<string, (transaction: Transaction) => Promise<unknown>>> = {
  'it has begun': async () => undefined,
  'it has claimed its message': ({ inbox }) => inbox.claim(key(), 'body'),
  'it has read': ({ unit }) => unit.finder.count(),
  'it has written': ({ unit }) => unit.finder.rename('the dead'),
  'it has undone a savepoint': ({ unit }) =>
    unit
      .savepoint(() => unit.finder.rename('the dead').then(() => Promise.reject(new Error('undo'))))
      .catch(() => 0),
  'its messages wait for the commit': async ({ unit, outbox }) => {
    unit.baskets.add(newBasket())
    outbox.add({ message: market.events.Looked({ basketId: 'dead' }), handler: null, key: null, depth: 0 })
  },
}

/** What the handler does when it goes on, one after the other. */
const ways: readonly ((transaction: Transaction) => Promise<unknown>)[] = [
  async ({ unit }) => unit.finder.rename('the dead'),
  async ({ inbox }) => inbox.claim(key(), 'body'),
  async ({ unit }) => unit.savepoint(async () => unit.finder.rename('the dead')),
  (transaction) => transaction.commit(),
  (transaction) => transaction.commit(),
]

/** Drizzle wraps what a statement of its own meets. */
function asOurs(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error
}

test.each(Object.entries(steps))(
  'F20 K1 C87 a unit whose backend was terminated when %s does nothing any more, in its own transaction or another’s',
  async (_step, come) => {
    await using driver = postgresDriver(database.url, { max: 1, applicationName: 'victim' })
    const units = marketUnits(driver)
    const dead = await units.begin()
    await come(dead)
    const next = units.begin()
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name = 'victim'`,
    )
    const other = await next
    await other.unit.finder.rename('the living')
    const claimed = key()
    await other.inbox.claim(claimed, 'body')

    for (const goOn of ways) {
      const error = await goOn(dead).catch(asOurs)
      expect(error).toMatchObject({ code: 'ConnectionLost', outcome: 'failed' })
    }
    await dead.rollback()
    expect(dead.state).toBe('lost')
    expect(await admin.query('select owner from baskets')).toEqual([{ owner: 'nobody' }])
    await other.commit()
    expect(await admin.query('select owner from baskets')).toEqual([{ owner: 'the living' }])
    const claims = await admin.query('select message_id from posthorn_inbox')
    expect(claims).toEqual([{ message_id: claimed.messageId }])
    expect(await admin.query('select 1 from posthorn_outbox')).toEqual([])
  },
)
