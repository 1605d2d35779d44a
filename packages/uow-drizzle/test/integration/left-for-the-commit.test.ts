import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits, newBasket } from '../market-store.ts'

/* Statements that are sent with those of the commit. */

let database: FreshDatabase
let driver: PostgresDriver
let units: ReturnType<typeof marketUnits>

beforeAll(async () => {
  database = await freshDatabase()
  driver = postgresDriver(database.url, { max: 2 })
  await createMarket(driver)
  units = marketUnits(driver)
})

beforeEach(async () => {
  await driver.query('truncate items, baskets')
  await units.run(async ({ baskets }) => baskets.add(newBasket()))
})

afterAll(async () => {
  await driver.end()
  await database.dispose()
})

const owners = async () =>
  (await driver.query<{ owner: string }>('select owner from baskets')).map(({ owner }) => owner)

test('run in their order, before the aggregates are written', async () => {
  await units.run(async ({ baskets, finder }) => {
    finder.renameAtCommit('Ada')
    finder.renameAtCommit('Grace')
    baskets.add(newBasket())
    expect(await finder.count()).toBe(1)
    expect(await owners()).toEqual([null])
  })
  expect((await owners()).sort()).toEqual(['Grace', null])
})

test('are not run when the unit of work is rolled back', async () => {
  const failing = units.run(async ({ finder }) => {
    finder.renameAtCommit('Ada')
    throw new Error('on purpose')
  })
  await expect(failing).rejects.toThrow('on purpose')
  expect(await owners()).toEqual([null])
})

test('fail the commit, and nothing is written', async () => {
  const failing = units.run(async ({ baskets, finder }) => {
    finder.renameAtCommit('Ada')
    finder.failAtCommit()
    baskets.add(newBasket())
  })
  await expect(failing).rejects.toThrow('division by zero')
  expect(await owners()).toEqual([null])
})

test('are forgotten with the savepoint after which they were left', async () => {
  await units.run(async (unit) => {
    unit.finder.renameAtCommit('Ada')
    const failing = unit.savepoint(async () => {
      unit.finder.renameAtCommit('Grace')
      throw new Error('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
  })
  expect(await owners()).toEqual(['Ada'])
  await units.run((unit) => unit.savepoint(async () => unit.finder.renameAtCommit('Grace')))
  expect(await owners()).toEqual(['Grace'])
})

test('are refused once the unit has ended', async () => {
  const unit = await units.start()
  await unit.commit()
  expect(() => unit.finder.renameAtCommit('Ada')).toThrow(expect.objectContaining({ code: 'UnitEnded' }))
})
