import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits } from '../market-store.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/* A claim that is announced goes out with BEGIN. It must be as if it had waited for it. */

let database: FreshDatabase
let proxy: TcpProxy
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  proxy = await tcpProxy(database.url)
  driver = postgresDriver(proxy.url, { max: 3 })
  await createMarket(driver)
})

afterAll(async () => {
  await driver.end()
  await proxy[Symbol.asyncDispose]()
  await database.dispose()
})

const fingerprint = 'body'

test('is undone with its unit, asked for or not', async () => {
  const claim = claimOf('rolled-back')
  for (const asked of [true, false]) {
    const transaction = await marketUnits(driver).begin({ claim })
    if (asked) await transaction.inbox.claim(claim.key, fingerprint)
    await transaction.rollback()
  }
  expect(await claims('rolled-back')).toBe(0)
})

test('finds what was applied before, waits for who is applying it, and refuses another body', async () => {
  const claim = claimOf('twice')
  const units = marketUnits(driver)
  const first = await units.begin({ claim })
  expect(await first.inbox.claim(claim.key, fingerprint)).toEqual({ first: true })
  const second = await units.begin({ claim })
  const waiting = second.inbox.claim(claim.key, fingerprint)
  first.inbox.record(claim.key, { ok: true, result: 7 })
  await first.commit()
  expect(await waiting).toEqual({ first: false, outcome: { ok: true, result: 7 } })
  await second.rollback()
  const third = await units.begin({ claim: { ...claim, fingerprint: 'another' } })
  await expect(third.inbox.claim(claim.key, 'another')).rejects.toMatchObject({ code: 'IdempotencyKeyReuse' })
  await third.rollback()
})

test('does nothing by itself, where there is no transaction', async () => {
  let claim = ''
  const watched = postgresDriver(proxy.url, { max: 1 })
  proxy.onRequest = (bytes) => {
    const text = bytes.toString('latin1')
    claim ||= /insert into posthorn_inbox[^\0]*/.exec(text)?.[0] ?? ''
    return true
  }
  const transaction = await marketUnits(watched).begin({ claim: claimOf('seen') })
  await transaction.inbox.claim(claimOf('seen').key, fingerprint)
  await transaction.rollback()
  await watched.end()
  proxy.onRequest = () => true
  expect(claim).toContain('returning 1')
  expect(await driver.query(claim, ['view', 'shop', 'alone', fingerprint])).toEqual([])
  expect(await claims('alone')).toBe(0)
})

test('is made anew with each connection on which the unit is tried', async () => {
  await driver.query('select 1')
  const claim = claimOf('tried-again')
  proxy.cut('rst')
  const transaction = await marketUnits(driver).begin({ claim })
  expect(await transaction.inbox.claim(claim.key, fingerprint)).toEqual({ first: true })
  await transaction.commit()
  expect(await claims('tried-again')).toBe(1)
})

function claimOf(messageId: string) {
  return { key: { consumer: 'view', source: 'shop', messageId }, fingerprint }
}

async function claims(messageId: string): Promise<number> {
  return (await driver.query('select 1 from posthorn_inbox where message_id = $1', [messageId])).length
}
