import { randomUUID } from 'node:crypto'
import type { Row, Telemetry } from '@posthorn/core'
import {
  Basket,
  basketMapping,
  market,
  type StoreFixture,
  type StoreSetup,
} from '@posthorn/core/contract-tests'
import type { GetOptions } from '@posthorn/core/storage'
import {
  type DrizzleUnit,
  drizzleInbox,
  drizzleOutboxQueue,
  drizzlePart,
  drizzleRepository,
  drizzleUnitsOfWork,
  migrate,
  type PostgresDriver,
} from '@posthorn/uow-drizzle'
import { eq } from 'drizzle-orm'
import { boolean, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core'

export const baskets = pgTable('baskets', {
  id: text().primaryKey(),
  version: integer().notNull(),
  owner: text(),
  open: boolean().notNull(),
  openedAt: timestamp('opened_at', { withTimezone: true }),
})

export const items = pgTable(
  'items',
  {
    basketId: text('basket_id').notNull(),
    sku: text().notNull(),
    qty: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.basketId, table.sku] })],
)

/** Makes the tables of the suites' domain, and Posthorn's. */
export async function createMarket(driver: PostgresDriver): Promise<void> {
  await migrate(driver)
  await driver.query(`
    create table baskets (id text primary key, version int not null, owner text, open boolean not null,
      opened_at timestamptz);
    create table items (basket_id text not null references baskets (id), sku text not null, qty int not null,
      primary key (basket_id, sku))`)
}

const oneItem = drizzlePart<{ sku: string }>({ items: ({ sku }) => eq(items.sku, sku) })

function basketsOf(unit: DrizzleUnit, more: Row = {}) {
  const repository = drizzleRepository(unit, {
    table: baskets,
    children: { items: { table: items, root: items.basketId } },
    mapping: {
      ...basketMapping,
      toRows: (basket) => {
        const { root, children } = basketMapping.toRows(basket)
        return { root: { ...root, ...more }, children }
      },
    },
  })
  return {
    ...repository,
    getWithItem: (id: string, sku: string, options?: GetOptions) =>
      repository.getPart(id, oneItem({ sku }), options),
  }
}

/** Statements of one's own in a unit's transaction, as finders and views have. */
function finderOf({ db, transaction }: DrizzleUnit) {
  return {
    db,
    count: () => db.$count(baskets),
    rename: (owner: string) => db.update(baskets).set({ owner }),
    renameByText: (owner: string) => transaction.run('update baskets set owner = $1', [owner]),
    renameAtCommit: (owner: string) => transaction.runAtCommit('update baskets set owner = $1', [owner]),
    failAtCommit: () => transaction.runAtCommit('select 1 / $1::integer', [0]),
  }
}

/** Units of work on a database that `createMarket` has prepared. `more` columns are added to each basket's row. */
export function marketUnits(driver: PostgresDriver, more: Row = {}, telemetry?: Telemetry) {
  return drizzleUnitsOfWork({
    domain: market,
    driver,
    telemetry,
    repositories: { baskets: (unit) => basketsOf(unit, more) },
    adapters: { finder: finderOf },
  })
}

export function newBasket(): Basket {
  return Basket.new(randomUUID())
}

/** The suites' fixture on a database that `createMarket` has prepared. */
export async function marketStore(
  driver: PostgresDriver,
  adapters: Parameters<StoreSetup>[0],
): Promise<StoreFixture> {
  await driver.query('truncate posthorn_outbox, posthorn_inbox')
  return {
    units: drizzleUnitsOfWork({ domain: market, driver, repositories: { baskets: basketsOf }, adapters }),
    queue: drizzleOutboxQueue(driver),
    inbox: drizzleInbox(driver),
    elapse: async (ms) => {
      const ago = `- ${ms} * interval '1 ms'`
      await driver.query(
        `update posthorn_outbox set created_at = created_at ${ago}, available_at = available_at ${ago},
           leased_until = leased_until ${ago}`,
      )
      await driver.query(`update posthorn_inbox set received_at = received_at ${ago}`)
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}
