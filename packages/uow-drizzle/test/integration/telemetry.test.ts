import type { Telemetry } from '@posthorn/core'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits, newBasket } from '../market-store.ts'

type Fact = Parameters<Telemetry['note']>[0]
type Source = Parameters<Telemetry['watch']>[0]

let database: FreshDatabase
let driver: PostgresDriver
let facts: Fact[]
let transactions: unknown[]
let watched: Set<Source>

const telemetry: Telemetry = {
  begin: ({ kind }) => {
    let ended = false
    return {
      traceparent: null,
      run: (work) => work(),
      end: (outcome) => {
        if (!ended) transactions.push([kind, outcome])
        ended = true
      },
    }
  },
  note: (fact) => void facts.push(fact),
  watch: (source) => {
    watched.add(source)
    return () => watched.delete(source)
  },
}

beforeAll(async () => {
  database = await freshDatabase()
  const own = postgresDriver(database.url)
  await createMarket(own)
  await own.end()
})

beforeEach(() => {
  facts = []
  transactions = []
  watched = new Set()
  driver = postgresDriver(database.url, { max: 1, applicationName: 'market', telemetry })
})

afterEach(() => driver.end())
afterAll(() => database.dispose())

test('a driver tells how long each connection was waited for, and that one was not to be had', async () => {
  const transaction = await driver.begin()
  await expect(driver.begin({ acquireTimeout: 30 })).rejects.toMatchObject({ code: 'AcquireTimeout' })
  await transaction.rollback()
  expect(facts).toEqual([
    { kind: 'connection-awaited', pool: 'market', waited: expect.any(Number), error: undefined },
    {
      kind: 'connection-awaited',
      pool: 'market',
      waited: expect.any(Number),
      error: expect.objectContaining({ code: 'AcquireTimeout' }),
    },
  ])
  const [, inVain] = facts
  expect(inVain?.kind === 'connection-awaited' && inVain.waited).toBeGreaterThanOrEqual(25)
})

test('a driver can be asked what becomes of its connections, until it has ended', async () => {
  const [source] = watched
  const state = () => (source?.kind === 'pool' ? source.read() : undefined)
  expect(state()).toEqual({ used: 0, idle: 0, max: 1, pending: 0 })
  const transaction = await driver.begin()
  const waiting = driver.begin({ acquireTimeout: 5_000 })
  expect(state()).toEqual({ used: 1, idle: 0, max: 1, pending: 1 })
  await transaction.rollback()
  await (await waiting).rollback()
  await expect.poll(state).toEqual({ used: 0, idle: 1, max: 1, pending: 0 })
  await driver.end()
  expect(watched.size).toBe(0)
})

test('a unit of work is told of with how it ended', async () => {
  const units = marketUnits(driver, {}, telemetry)
  await units.run(async (unit) => unit.baskets.add(newBasket()))
  await expect(
    units.run(async () => {
      throw new RangeError('no')
    }),
  ).rejects.toThrow(RangeError)
  expect(transactions).toEqual([
    ['transaction', undefined],
    ['transaction', 'rolled-back'],
  ])
})
