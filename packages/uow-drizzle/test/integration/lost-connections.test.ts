import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { runBare } from '../bare/run-bare.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/*
 * Each hazard twice: what postgres.js does by itself, in a process of its own, and what the guard makes of it. An
 * exception or a rejection that nobody handles fails this file.
 */

let database: FreshDatabase
let admin: PostgresDriver
let proxy: TcpProxy
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  admin = postgresDriver(database.url, { max: 3 })
})

beforeEach(async () => {
  proxy = await tcpProxy(database.url)
  driver = postgresDriver(proxy.url, { max: 1 })
  await admin.query('drop table if exists effect, thing')
})

afterEach(async () => {
  await driver.end(1_000)
  await proxy[Symbol.asyncDispose]()
})

afterAll(async () => {
  await admin.end()
  await database.dispose()
})

describe('a backend killed during a statement', () => {
  test('ends the process with bare postgres.js', async () => {
    const { exitCode, stderr, outcome } = await runBare('deathDuringStatement', database.url)
    expect({ exitCode, outcome }).toEqual({ exitCode: 1, outcome: undefined })
    expect(stderr).toContain("TypeError: Cannot read properties of null (reading 'write')")
  })

  test('is a ConnectionLost with the guard, and the next transaction has a new connection', async () => {
    const transaction = await driver.begin()
    const pid = await pidOf(transaction)
    const lost = expect(transaction.run('select pg_sleep(10)')).rejects.toMatchObject({
      code: 'ConnectionLost',
      outcome: 'failed',
      retryable: true,
    })
    await sleep(50)
    await kill(pid)
    await lost
    await transaction.rollback()
    expect(transaction.phase).toBe('lost')
    await usable()
  })
})

describe('a statement after the death of its connection', () => {
  test('K1 is committed inside another transaction with bare postgres.js, which was to be rolled back', async () => {
    const { outcome } = await runBare('deathThenNextStatement', database.url)
    expect(outcome).toEqual(['A-2 after its death', 'B-1'])
  })

  test('K1 C87 is refused with the guard, and so is its commit', async () => {
    await admin.query('create table effect (name text)')
    const a = await driver.begin()
    await a.run("insert into effect values ('A-1')")
    const next = driver.begin()
    await kill(await pidOf(a))
    const b = await next
    await b.run("insert into effect values ('B-1')")
    await expect(a.run("insert into effect values ('A-2')")).rejects.toMatchObject({ code: 'ConnectionLost' })
    await expect(a.savepoint(async () => undefined)).rejects.toMatchObject({ code: 'ConnectionLost' })
    await expect(a.commit()).rejects.toMatchObject({ code: 'ConnectionLost' })
    await a.rollback()
    await b.rollback()
    expect(await admin.query('select name from effect')).toEqual([])
  })

  test('K1 C87 is refused also to whoever sends it in the same instant in which he hears of the loss', async () => {
    const a = await driver.begin()
    const pid = await pidOf(a)
    const next = driver.begin()
    const reaction = a.run('select pg_sleep(10)').catch(() => a.run('select 1'))
    const refused = expect(reaction).rejects.toMatchObject({ code: 'ConnectionLost' })
    await sleep(50)
    await kill(pid)
    await refused
    await (await next).rollback()
  })
})

describe('the transaction after a death', () => {
  test('is told the last words of the dead one with bare postgres.js', async () => {
    const { outcome } = await runBare('deathThenNextTransaction', database.url)
    expect(outcome).toBe('57P01')
  })

  test('begins with the guard, however many connections have died', async () => {
    const several = postgresDriver(database.url, { max: 3 })
    const transactions = await Promise.all([several.begin(), several.begin(), several.begin()])
    const pids = await Promise.all(transactions.map(pidOf))
    const sleeping = transactions.map((transaction) =>
      transaction.run('select pg_sleep(10)').catch(() => undefined),
    )
    await sleep(50)
    for (const pid of pids) await kill(pid)
    await Promise.all(sleeping)
    await (await several.begin()).commit()
    await several.end()
  })
})

describe('a statement queued behind one that is being parsed', () => {
  test('never settles with bare postgres.js', async () => {
    const { outcome } = await runBare('deathWhileDescribing', database.url)
    expect(outcome).toEqual({ first: 'rejected', second: 'pending' })
  })

  test('is rejected with the guard, as all statements under way are', async () => {
    await admin.query('create table thing (id int)')
    const locking = await admin.begin()
    await locking.run('lock table thing in access exclusive mode')
    const transaction = await driver.begin()
    const pid = await pidOf(transaction)
    const outcomes = Promise.allSettled([
      transaction.run('select * from thing where id = $1', [1]),
      transaction.run('select 1'),
      transaction.run('select 2'),
    ])
    await sleep(50)
    await kill(pid)
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ConnectionLost' } })
    }
    await locking.rollback()
    await usable()
  })
})

describe('a connection that dies while the client asks for the types of arrays', () => {
  const cutRequest = (wanted: (bytes: Buffer) => boolean) => {
    proxy.onRequest = (bytes) => {
      if (!wanted(bytes)) return true
      proxy.cut('rst')
      return false
    }
  }

  test('leaves a rejection that nobody handles with bare postgres.js', async () => {
    cutRequest((bytes) => bytes.includes('pg_type'))
    const { outcome } = await runBare('deathWhileFetchingTypes', database.url, { CUT_URL: proxy.url })
    expect(outcome).toBe('ECONNRESET')
  })

  test('is just lost with the driver, which does not ask', async () => {
    let requests = 0
    cutRequest((bytes) => {
      expect(bytes.includes('pg_type')).toBe(false)
      requests += 1
      return requests === 2
    })
    await expect(driver.begin()).rejects.toMatchObject({ code: 'ConnectionLost' })
    await usable()
  })
})

describe('an exhausted pool', () => {
  test('keeps everybody waiting with bare postgres.js', async () => {
    const { outcome } = await runBare('exhaustedPool', database.url)
    expect(outcome).toBe('still waiting')
  })

  test('is an AcquireTimeout with the driver, and the connection that comes late is rolled back', async () => {
    const holder = await driver.begin()
    const waiting = driver.begin({ acquireTimeout: 50 })
    await expect(waiting).rejects.toMatchObject({ code: 'AcquireTimeout', outcome: 'not-executed' })
    await holder.rollback()
    await usable()
    expect(await openTransactions()).toBe(0)
  })

  test('keeps nobody waiting whose signal is aborted', async () => {
    const holder = await driver.begin()
    const abort = new AbortController()
    const waiting = driver.begin({ signal: abort.signal })
    const reason = new Error('enough')
    abort.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await holder.rollback()
    await usable()
  })
})

describe.each(['fin', 'rst'] as const)('a connection cut by %s', (how) => {
  test('between two statements is noticed by the next one', async () => {
    const transaction = await driver.begin()
    await transaction.run('select 1')
    proxy.cut(how)
    await expect.poll(() => transaction.phase).toBe('lost')
    await expect(transaction.run('select 1')).rejects.toMatchObject({ code: 'ConnectionLost' })
    await transaction.rollback()
    await usable()
  })

  test('inside a savepoint loses the whole transaction', async () => {
    const transaction = await driver.begin()
    const savepoint = transaction.savepoint(async () => {
      proxy.cut(how)
      await transaction.run('select pg_sleep(10)')
    })
    await expect(savepoint).rejects.toMatchObject({ code: 'ConnectionLost' })
    await expect(transaction.run('select 1')).rejects.toMatchObject({ code: 'ConnectionLost' })
    await transaction.rollback()
    await usable()
  })
})

test('F21 a transaction that is silent for too long is lost', async () => {
  const transaction = await driver.begin({ idleTimeout: 100 })
  await transaction.run('select 1')
  await expect.poll(() => transaction.phase, { timeout: 5_000 }).toBe('lost')
  await expect(transaction.commit()).rejects.toMatchObject({ code: 'ConnectionLost' })
  await usable()
})

test('F21 a connection that gives no answer is lost after the time limits, and the next one serves', async () => {
  await using quick = postgresDriver(proxy.url, { max: 2, patience: 200 })
  const transaction = await quick.begin({ statementTimeout: 700, lockTimeout: 100 })
  await transaction.run('select 1')
  proxy.onRequest = () => false
  const statements = [transaction.run('select 1'), transaction.run('select 2')]
  for (const statement of await Promise.allSettled(statements)) {
    expect(statement).toMatchObject({ reason: { code: 'ConnectionLost', cause: { code: 'ETIMEDOUT' } } })
  }
  await transaction.rollback()
  expect(transaction.phase).toBe('lost')
  proxy.onRequest = () => true
  const next = await quick.begin()
  expect(await next.run('select 1 as one')).toEqual([{ one: 1 }])
  await next.rollback()
  await quick.end(100)
})

test('statements that wait for many before them are not lost while answers come', async () => {
  await using quick = postgresDriver(proxy.url, { max: 1, patience: 100 })
  const transaction = await quick.begin({ statementTimeout: 700, lockTimeout: 100 })
  const statements = Array.from({ length: 7 }, () => transaction.run('select pg_sleep(0.2)'))
  await Promise.all(statements)
  await transaction.commit()
})

test('an abort ends the wait for the answer to BEGIN, and the next transaction has a new connection', async () => {
  await driver.query('select 1')
  const abort = new AbortController()
  const reason = new Error('too late')
  proxy.onRequest = () => false
  const begun = driver.begin({ signal: abort.signal, acquireTimeout: 60_000 })
  setTimeout(() => abort.abort(reason), 50)
  await expect(begun).rejects.toBe(reason)
  proxy.onRequest = () => true
  await usable()
})

test('an abort that cannot reach the server to cancel a statement still ends the transaction', async () => {
  const abort = new AbortController()
  const transaction = await driver.begin({ signal: abort.signal })
  const reason = new Error('too late')
  const aborted = expect(transaction.run('select pg_sleep(0.3)')).rejects.toBe(reason)
  await sleep(50)
  proxy.refusing = true
  abort.abort(reason)
  await aborted
  await transaction.rollback()
  expect(transaction.phase).toBe('rolled-back')
})

test('a cancellation that is in vain is repeated', async () => {
  const abort = new AbortController()
  const transaction = await driver.begin({ signal: abort.signal })
  const aborted = expect(transaction.run('select pg_sleep(10)')).rejects.toThrow('enough')
  await sleep(50)
  proxy.onRequest = () => {
    proxy.onRequest = () => true
    return false
  }
  const start = performance.now()
  abort.abort(new Error('enough'))
  await aborted
  await transaction.rollback()
  expect(transaction.phase).toBe('rolled-back')
  expect(performance.now() - start).toBeLessThan(2_000)
  await usable()
})

test('a cancellation that comes late does not hit the next transaction', async () => {
  proxy.cancelDelay = 300
  const abort = new AbortController()
  const transaction = await driver.begin({ signal: abort.signal })
  const aborted = expect(transaction.run('select pg_sleep(0.15)')).rejects.toThrow('too late')
  await sleep(50)
  abort.abort(new Error('too late'))
  await aborted
  await transaction.rollback()
  const next = await driver.begin()
  await next.run('select pg_sleep(0.5)')
  await next.commit()
})

test('a BEGIN without an answer says so, and not that no connection was free', async () => {
  await driver.query('select 1')
  proxy.onRequest = (bytes) => !bytes.includes('begin ')
  const error = await driver.begin({ acquireTimeout: 100 }).catch((reason) => reason)
  expect(error).toMatchObject({ code: 'AcquireTimeout', outcome: 'not-executed', retryable: true })
  expect(error.message).toMatch(/did not answer/)
  expect(error.message).not.toMatch(/free/)
  proxy.onRequest = () => true
  await usable()
})

test('a server that refuses connections is a ConnectionLost', async () => {
  const nowhere = postgresDriver('postgres://nobody@127.0.0.1:1/nothing')
  await expect(nowhere.begin()).rejects.toMatchObject({ code: 'ConnectionLost', retryable: true })
  await expect(nowhere.query('select 1')).rejects.toMatchObject({ code: 'ConnectionLost' })
  await nowhere.end()
})

test('a user whom the server does not let in is AccessRefused, without a secret, until it does', async () => {
  const name = `locked_out_${new URL(database.url).pathname.slice(-12)}`
  await admin.query(`create role ${name} nologin password 'swordfish'`)
  const url = Object.assign(new URL(database.url), { username: name, password: 'swordfish' })
  const wrong = Object.assign(new URL(url), { password: 'not swordfish' })
  await using driver = postgresDriver(url.href)
  await using stranger = postgresDriver(wrong.href)
  for (const own of [driver, stranger]) {
    for (const asked of await Promise.allSettled([own.begin(), own.query('select 1')])) {
      const refusal = { code: 'AccessRefused', outcome: 'not-executed', retryable: false }
      expect(asked).toMatchObject({ status: 'rejected', reason: refusal })
      expect(inspect(asked, { depth: 9 })).not.toContain('swordfish')
    }
  }
  await admin.query(`alter role ${name} login`)
  expect(await driver.query('select 1 as one')).toEqual([{ one: 1 }])
  await driver.end()
  await admin.query(`drop role ${name}`)
})

type Transaction = Awaited<ReturnType<PostgresDriver['begin']>>

async function pidOf(transaction: Transaction): Promise<number> {
  const [row] = await transaction.run('select pg_backend_pid() as pid')
  return Number(row?.pid)
}

async function kill(pid: number): Promise<void> {
  await admin.query('select pg_terminate_backend($1)', [pid])
}

async function usable(): Promise<void> {
  const transaction = await driver.begin()
  expect(await transaction.run('select 1 as one')).toEqual([{ one: 1 }])
  await transaction.commit()
}

async function openTransactions(): Promise<number> {
  const [row] = await admin.query<{ open: number }>(
    `select count(*)::int as open from pg_stat_activity
     where datname = current_database() and state like 'idle in transaction%'`,
  )
  return row?.open ?? -1
}
