import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { market } from '@posthorn/core/contract-tests'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { createMarket, marketUnits, newBasket } from '../market-store.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/* What is known of a commit during which the connection was lost. */

type Transaction = Awaited<ReturnType<ReturnType<typeof marketUnits>['begin']>>
type MarketUnit = Transaction['unit']

let database: FreshDatabase
let admin: PostgresDriver
let proxy: TcpProxy
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
  admin = postgresDriver(database.url)
  await createMarket(admin)
})

beforeEach(async () => {
  proxy = await tcpProxy(database.url)
  driver = postgresDriver(proxy.url, { max: 1 })
})

afterEach(async () => {
  await driver.end(1_000)
  await proxy[Symbol.asyncDispose]()
})

afterAll(async () => {
  await admin.end()
  await database.dispose()
})

test('F23 C88 a commit whose answer was lost has succeeded, if the server says so', async () => {
  const basket = newBasket()
  onCommit(() => loseAnswer(200))
  const attempt = await marketUnits(driver).run(async (unit) => {
    unit.baskets.add(basket)
    unit.publish(market.events.Looked({ basketId: basket.id }))
    return unit.attempt
  })
  expect(attempt).toBe(1)
  expect(await exists(basket.id)).toBe(true)
})

test('F23 C88 a commit that never arrived is a ConnectionLost, and run tries again', async () => {
  const basket = newBasket()
  onCommit(loseCommit)
  const attempts: number[] = []
  await marketUnits(driver).run(async (unit) => {
    attempts.push(unit.attempt)
    unit.baskets.add(basket)
  })
  expect(attempts).toEqual([1, 2])
  expect(await exists(basket.id)).toBe(true)
})

describe('the commit of a unit that wrote with its db alone', () => {
  const writing = {
    'without a savepoint': (unit: MarketUnit, owner: string) => unit.finder.rename(owner),
    'as text': (unit: MarketUnit, owner: string) => unit.finder.renameByText(owner),
    'inside a savepoint': (unit: MarketUnit, owner: string) =>
      unit.savepoint(() => unit.finder.rename(owner)),
    'after reading': async (unit: MarketUnit, owner: string) => {
      await unit.finder.count()
      await unit.finder.rename(owner)
    },
    'before reading': async (unit: MarketUnit, owner: string) => {
      await unit.finder.rename(owner)
      await unit.finder.count()
    },
  }

  test.each(Object.entries(writing))('is asked about, %s', async (_how, write) => {
    const [basket, owner] = [await storedBasket(), randomUUID()]
    onCommit(() => loseAnswer(100))
    const attempt = await marketUnits(driver).run(async (unit) => {
      await write(unit, owner)
      return unit.attempt
    })
    expect(attempt).toBe(1)
    expect(await ownerOf(basket)).toBe(owner)
  })

  test('is tried again when its backend was killed before it arrived', async () => {
    const [basket, owner] = [await storedBasket(), randomUUID()]
    onCommit(() => {
      void admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and state = 'idle in transaction'`,
      )
      return false
    })
    const attempts: number[] = []
    await marketUnits(driver).run(async (unit) => {
      attempts.push(unit.attempt)
      await unit.finder.rename(`${owner} ${unit.attempt}`)
    })
    expect(attempts).toEqual([1, 2])
    expect(await ownerOf(basket)).toBe(`${owner} 2`)
  })

  test('costs no round trip for it', async () => {
    const units = marketUnits(driver)
    const roundTrips = async () => {
      const before = proxy.flights
      await units.run((unit) => unit.finder.rename(randomUUID()))
      return proxy.flights - before
    }
    // BEGIN, the statement, COMMIT; the first time statements are parsed.
    await roundTrips()
    expect(await roundTrips()).toBe(3)
  })
})

test('a claim or a strike-off is enough to ask about a commit', async () => {
  for (const write of [
    (transaction: Transaction) =>
      transaction.inbox.claim({ consumer: 'c', source: 's', messageId: randomUUID() }, 'body'),
    async (transaction: Transaction) => transaction.outbox.strikeOff(await storedEntry()),
  ]) {
    const transaction = await marketUnits(driver).begin()
    await write(transaction)
    onCommit(() => loseAnswer(100))
    await transaction.commit()
    expect(transaction.state).toBe('committed')
  }
})

describe('a unit that has written nothing', () => {
  const reading = {
    'and asked nothing': async () => undefined,
    'but read through a repository': async (unit: MarketUnit, id: string) => unit.baskets.get(id),
    'but read through its db': async (unit: MarketUnit) => unit.finder.count(),
    'and undone a savepoint that failed': async (unit: MarketUnit) => {
      const failing = unit.savepoint(() => unit.finder.db.execute('select 1 / 0'))
      await expect(failing).rejects.toBeDefined()
    },
  }

  test.each(Object.entries(reading))('is tried again when its commit is lost: %s', async (_what, read) => {
    const basket = await storedBasket()
    onCommit(loseCommit)
    const attempts: number[] = []
    await marketUnits(driver).run(async (unit) => {
      attempts.push(unit.attempt)
      await read(unit, basket)
    })
    expect(attempts).toEqual([1, 2])
  })
})

test('a commit whose answer was lost is asked about while the driver ends, which waits for that', async () => {
  const basket = newBasket()
  let ended: Promise<void> | undefined
  onCommit(() => {
    ended = driver.end()
    return loseAnswer(100)
  })
  await marketUnits(driver).run(async (unit) => unit.baskets.add(basket))
  expect(await exists(basket.id)).toBe(true)
  await ended
})

test('and no longer than the driver is patient: then it is unknown at once', async () => {
  let ended: Promise<void> | undefined
  onCommit(() => {
    proxy.refusing = true
    ended = driver.end(300)
    return loseAnswer(100)
  })
  const start = performance.now()
  const running = marketUnits(driver).run(async (unit) => unit.baskets.add(newBasket()))
  await expect(running).rejects.toMatchObject({ code: 'CommitOutcomeUnknown' })
  await ended
  expect(performance.now() - start).toBeLessThan(3_000)
})

test('F23 C88 a commit of which nobody can say anything is an error of its own, and run does not try again', async () => {
  const basket = newBasket()
  onCommit(() => {
    proxy.swallowAnswers(true)
    void sleep(200).then(() => proxy.cut('rst'))
    return true
  })
  let attempts = 0
  const running = marketUnits(driver).run(async (unit) => {
    attempts = unit.attempt
    unit.baskets.add(basket)
  })
  await expect(running).rejects.toMatchObject({ code: 'CommitOutcomeUnknown', outcome: 'unknown' })
  expect(attempts).toBe(1)
})

test('F23 a delivery that waits in vain for its commit’s answer has left its outcome: the next one finds it', async () => {
  const key = { consumer: 'commands', source: 'shop', messageId: randomUUID() }
  const deliver = async (on: PostgresDriver) => {
    const transaction = await marketUnits(on).begin()
    const claim = await transaction.inbox.claim(key, 'body')
    if (claim.first) transaction.inbox.record(key, { ok: true, result: 'done' })
    await transaction.commit()
    return claim
  }
  onCommit(() => {
    proxy.swallowAnswers(true)
    return true
  })
  deliver(driver).catch(() => undefined)
  const claimed = 'select 1 from posthorn_inbox where message_id = $1 and outcome is not null'
  await expect.poll(() => admin.query(claimed, [key.messageId])).toHaveLength(1)
  expect(await deliver(admin)).toEqual({ first: false, outcome: { ok: true, result: 'done' } })
})

test('a commit that gets no answer and loses no connection is asked about as well', async () => {
  await using quick = postgresDriver(proxy.url, { max: 2, patience: 200 })
  const basket = newBasket()
  onCommit(() => {
    proxy.swallowAnswers(true)
    void sleep(100).then(() => proxy.swallowAnswers(false))
    return true
  })
  const unit = await marketUnits(quick).start({ statementTimeout: 300, lockTimeout: 100 })
  unit.baskets.add(basket)
  unit.publish(market.events.Looked({ basketId: basket.id }))
  await unit.commit()
  expect(await exists(basket.id)).toBe(true)
  await quick.end(100)
})

test('a commit that gets no answer is unknown after a while', async () => {
  await using quick = postgresDriver(proxy.url, { max: 1, patience: 200 })
  const transaction = await quick.begin({ statementTimeout: 300, lockTimeout: 100 })
  await transaction.run('select 1')
  proxy.onRequest = () => false
  await expect(transaction.commit()).rejects.toMatchObject({ code: 'CommitOutcomeUnknown' })
  expect(transaction.phase).toBe('lost')
  await quick.end(100)
})

test('a commit that is lost is unknown at once, and can be asked about', async () => {
  onCommit(loseCommit)
  const transaction = await driver.begin()
  await transaction.run('select 1')
  await expect(transaction.commit()).rejects.toMatchObject({ code: 'CommitOutcomeUnknown' })
  expect(await transaction.outcome()).toBe('aborted')
})

test('a commit that Postgres refuses is no unknown outcome', async () => {
  await admin.query('create table parent (id int primary key)')
  await admin.query('create table child (id int references parent deferrable initially deferred)')
  const transaction = await driver.begin()
  await transaction.run('insert into child values (1)')
  await expect(transaction.commit()).rejects.toMatchObject({ code: '23503' })
  expect(transaction.phase).toBe('rolled-back')
})

test('a transaction in which a statement failed does not commit, though nobody looked at the error', async () => {
  await admin.query('create table counted (id int primary key)')
  const transaction = await driver.begin()
  await transaction.run('insert into counted values (1)')
  await transaction.run('select 1 / 0').catch(() => undefined)
  await expect(transaction.commit()).rejects.toMatchObject({ code: '22012' })
  expect(await admin.query('select * from counted')).toEqual([])
})

test('a commit that Postgres answers with a rollback fails, though no failure is remembered', async () => {
  await using slow = await tcpProxy(database.url, 20)
  await using own = postgresDriver(slow.url, { max: 1 })
  const transaction = await own.begin()
  await transaction.run("insert into posthorn_inbox values ('c', 's', 'rolled back', 'body')")
  let beside: Promise<unknown> | undefined
  const undone = transaction.savepoint(async () => {
    // Right behind the return to the savepoint, whose success makes the failures before it forgotten.
    void nextMoments(20).then(() => {
      beside = transaction.run('select 1 / 0').catch(() => undefined)
    })
    throw new Error('undo')
  })
  await expect(undone).rejects.toThrow('undo')
  await beside
  await expect(transaction.commit()).rejects.toMatchObject({ code: expect.stringMatching(/UnitEnded|22012/) })
  const kept = await admin.query("select 1 from posthorn_inbox where message_id = 'rolled back'")
  expect(kept).toEqual([])
})

async function nextMoments(many: number): Promise<void> {
  for (let moment = 0; moment < many; moment++) await Promise.resolve()
}

/** The first COMMIT of a connection; later ones carry only the statement's name. */
function onCommit(what: () => boolean): void {
  proxy.onRequest = (bytes) => {
    if (!bytes.includes('commit\0')) return true
    proxy.onRequest = () => true
    return what()
  }
}

/** The commit does not arrive. */
function loseCommit(): false {
  proxy.cut('rst')
  return false
}

/** The commit arrives; its answer does not, and after so many ms the connection is cut. */
function loseAnswer(ms: number): true {
  proxy.swallowAnswers(true)
  void sleep(ms).then(() => {
    proxy.cut('rst')
    proxy.swallowAnswers(false)
  })
  return true
}

async function storedBasket(): Promise<string> {
  const basket = newBasket()
  await marketUnits(admin).run(async (unit) => unit.baskets.add(basket))
  return basket.id
}

async function storedEntry(): Promise<string> {
  const transaction = await marketUnits(admin).begin()
  const message = market.events.Looked({ basketId: 'b' })
  transaction.outbox.add({ message, handler: 'views', key: null, depth: 0 })
  const [entry] = await transaction.commit()
  return entry?.position ?? ''
}

async function ownerOf(id: string): Promise<unknown> {
  const [row] = await admin.query('select owner from baskets where id = $1', [id])
  return row?.owner
}

async function exists(id: string): Promise<boolean> {
  return (await admin.query('select 1 from baskets where id = $1', [id])).length === 1
}
