import { allocation } from '@posthorn/contracts'
import {
  type DrizzleUnit,
  drizzleUnitsOfWork,
  type PostgresDriver,
  postgresDriver,
} from '@posthorn/uow-drizzle'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { drizzleProductRepository } from '../../src/adapters/drizzle-product-repository.ts'
import { postgresStorage } from '../../src/adapters/postgres-storage.ts'
import { type OrderLine, orderLine } from '../../src/domain/order-line.ts'
import { fresh } from '../behaviour/allocation-service.ts'

/*
 * What it costs to allocate a line must not grow with the lines and batches that a product has. It is counted, not
 * timed: the numbers are exact.
 */

let database: FreshDatabase
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  driver = postgresDriver(database.url, { max: 1 })
  const storage = postgresStorage({ url: database.url })
  await storage.start()
  await storage.stop(1_000)
})

afterAll(async () => {
  await driver.end()
  await database.dispose()
})

/**
 * First come as many batches that have nothing left, or one piece, with a line each; then as many with more; and as many
 * lines wait.
 */
async function storedProduct(size: number): Promise<string> {
  const sku = fresh('LAMP')
  await driver.query('insert into products values ($1, 1, $2)', [sku, size * 3])
  await driver.query(
    `insert into batches (ref, sku, created_qty, purchased_qty, allocated_qty, eta)
     select $1 || '-' || n, $1, 9, 9, case when n > $2::int then 4 else 8 + n % 2 end,
       case when n > $2::int then date '2030-01-01' + n end
     from generate_series($2::int * 2, 1, -1) n`,
    [sku, size],
  )
  await driver.query(
    `insert into lines
     select $1, 'has-' || n, case when n > $2::int then 4 else 8 + n % 2 end, $1 || '-' || n, n, false
     from generate_series(1, $2::int * 2) n`,
    [sku, size],
  )
  await driver.query(
    `insert into lines select $1, 'waits-' || n, 90, null, $2::int * 2 + n, true from generate_series(1, $2::int) n`,
    [sku, size],
  )
  await driver.query('analyze batches, lines')
  return sku
}

/** How many rows of batches and lines have been read so far, whatever became of them. */
const rowsRead = ({ db }: DrizzleUnit) => ({
  /** Of tables as small as these Postgres may find it cheaper to read all. */
  forceIndexes: () => db.execute(sql`set local enable_seqscan = off`),
  forbidIndexes: () => db.execute(sql`set local enable_indexscan = off; set local enable_bitmapscan = off`),
  async count() {
    const rows = sql`sum(seq_tup_read + idx_tup_fetch)`.mapWith(Number)
    const tables = sql`pg_stat_xact_user_tables where relname in ('batches', 'lines')`
    return (await db.select({ rows }).from(tables))[0]?.rows ?? 0
  },
})

/** How many rows the last commit of the product has written. */
async function rowsWritten(sku: string): Promise<unknown> {
  const [written] = await driver.query(
    `select (select count(*)::int from batches where sku = $1 and batches.xmin = products.xmin) as batches,
       (select count(*)::int from lines where sku = $1 and lines.xmin = products.xmin) as lines
     from products where sku = $1`,
    [sku],
  )
  return written
}

function countingUnits() {
  const repositories = { products: drizzleProductRepository }
  return drizzleUnitsOfWork({ domain: allocation, driver, repositories, adapters: { rowsRead } })
}

/** Places the line, and gives where, with the number of rows that this read. */
async function placed(line: OrderLine) {
  return countingUnits().run(async ({ products, rowsRead }) => {
    await rowsRead.forceIndexes()
    const before = await rowsRead.count()
    const placement = (await products.getForLine(line))?.allocate()
    return { ...placement, read: (await rowsRead.count()) - before }
  })
}

describe.each([300, 3_000])(
  'with %i batches of no use, as many with room, and as many lines that wait',
  (size) => {
    test('a line that fits reads its batch, and writes that and itself', async () => {
      const sku = await storedProduct(size)
      const { read, ...placement } = await placed(orderLine('new', sku, 5))
      expect(placement).toEqual({ batchRef: `${sku}-${size + 1}`, repeated: false })
      expect(read).toBe(2)
      expect(await rowsWritten(sku)).toEqual({ batches: 1, lines: 1 })
    })

    test('a line that has to wait reads none of them, and writes itself', async () => {
      const sku = await storedProduct(size)
      const { read, ...placement } = await placed(orderLine('new', sku, 90))
      expect(placement).toEqual({ batchRef: null, repeated: false })
      expect(read).toBe(0)
      expect(await rowsWritten(sku)).toEqual({ batches: 0, lines: 1 })
    })

    test.each([
      ['has a batch', 'has-2', 8, '-2'],
      ['waits', 'waits-2', 90, undefined],
    ])(
      'a line that %s, asked for again, reads as little and writes nothing',
      async (_what, orderId, qty, batch) => {
        const sku = await storedProduct(size)
        const { read, ...placement } = await placed(orderLine(orderId, sku, qty))
        expect(placement).toEqual({ batchRef: batch === undefined ? null : sku + batch, repeated: true })
        expect(read).toBeLessThanOrEqual(5)
        expect(await driver.query('select version from products where sku = $1', [sku])).toMatchObject([
          { version: 1 },
        ])
      },
    )
  },
)

test('to show a product reads its batches and the lines that wait, and none that has stock', async () => {
  const sku = await storedProduct(300)
  const read = await countingUnits().run(async ({ products, rowsRead }) => {
    await rowsRead.forceIndexes()
    const before = await rowsRead.count()
    const shown = await products.getToShow(sku)
    expect([shown?.batches.length, shown?.waiting.length]).toEqual([600, 300])
    return (await rowsRead.count()) - before
  })
  expect(read).toBe(900)
})

test('the order in which batches are drawn upon is not that of an index by chance', async () => {
  const sku = await storedProduct(20)
  const placement = await countingUnits().run(async ({ products, rowsRead }) => {
    await rowsRead.forbidIndexes()
    return (await products.getForLine(orderLine('new', sku, 5)))?.allocate()
  })
  expect(placement).toEqual({ batchRef: `${sku}-21`, repeated: false })
})
