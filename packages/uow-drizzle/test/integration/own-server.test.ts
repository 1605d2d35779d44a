import { setTimeout as sleep } from 'node:timers/promises'
import { Relay } from '@posthorn/core'
import { market } from '@posthorn/core/contract-tests'
import { drizzleOutboxQueue, type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type KillablePostgres, killablePostgres } from '../killable-postgres.ts'
import { createMarket, marketUnits, newBasket } from '../market-store.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/*
 * What it takes a server of one's own to show: that it crashes, as a whole or one of its processes, whereupon it ends the
 * others and recovers; that one of them is frozen; that it takes no writes, or no more connections; that commits wait.
 * The driver's is a plain user.
 */

let server: KillablePostgres
let admin: PostgresDriver
let proxy: TcpProxy
let driver: PostgresDriver

beforeAll(async () => {
  server = await killablePostgres()
  // It may write when others may not.
  admin = postgresDriver(`${server.url}?default_transaction_read_only=off&synchronous_commit=local`)
  await createMarket(admin)
  await admin.query('create table other (id int)')
  await admin.query("create role plain login password 'plain'")
  await admin.query(
    'grant all on all tables in schema public to plain; grant usage on all sequences in schema public to plain',
  )
  // What is not committed is then written when it must be and no sooner, and nobody else commits.
  await configure("set wal_writer_delay = '10s'")
  await configure('set autovacuum = off')
}, 120_000)

beforeEach(async () => {
  proxy = await tcpProxy(server.url)
  driver = postgresDriver(asPlain(proxy.url))
})

afterEach(async () => {
  await driver.end(1_000)
  await proxy[Symbol.asyncDispose]()
})

afterAll(async () => {
  await admin.end()
  await server[Symbol.asyncDispose]()
})

async function configure(change: string): Promise<void> {
  await admin.query(`alter system ${change}`)
  await admin.query('select pg_reload_conf()')
}

function asPlain(url: string): string {
  return Object.assign(new URL(url), { username: 'plain', password: 'plain' }).href
}

const crashes: Readonly<Record<string, () => Promise<void>>> = {
  'that is killed': async () => {
    await server.kill()
    await server.start()
  },
  'one of whose processes is killed': async () => {
    await admin.query("copy (select 1) to program 'kill -9 $PPID'").catch(() => undefined)
    await expect.poll(() => admin.query('select 1').catch(() => []), { timeout: 10_000 }).toHaveLength(1)
  },
}

describe.each(Object.entries(crashes))('a Postgres %s', (_how, crash) => {
  test('F19 C88 has given the id of a transaction it forgot to another one, whose commit is not taken for ours', async () => {
    await admin.query('checkpoint')
    const basket = newBasket()
    proxy.onRequest = (bytes) => {
      if (!bytes.includes('commit\0')) return true
      proxy.refusing = true
      void crash().then(async () => {
        for (let id = 0; id < 20; id++) await admin.query('insert into other values ($1)', [id])
        proxy.refusing = false
      })
      return false
    }
    const commit = marketUnits(driver).run(async (unit) => unit.baskets.add(basket))
    const error = await commit.catch((reason) => reason)
    expect(error).toMatchObject({ code: 'CommitOutcomeUnknown', outcome: 'unknown' })
    // The hazard: somebody has committed under our id, and it was not us.
    const ask = 'select pg_xact_status($1::text::xid8) as status'
    expect(await admin.query(ask, [error.details.xid])).toEqual([{ status: 'committed' }])
    expect(await admin.query('select 1 from baskets where id = $1', [basket.id])).toEqual([])
  })

  test('F19 C88 is known not to have committed what it forgot, as long as nobody has its id: run tries again', async () => {
    await admin.query('checkpoint')
    const basket = newBasket()
    const attempts: number[] = []
    proxy.onRequest = (bytes) => {
      if (!bytes.includes('commit\0')) return true
      proxy.onRequest = () => true
      void crash()
      return false
    }
    await marketUnits(driver).run(async (unit) => {
      attempts.push(unit.attempt)
      unit.baskets.add(basket)
    })
    expect(attempts.length).toBeGreaterThan(1)
    expect(await admin.query('select 1 from baskets where id = $1', [basket.id])).toHaveLength(1)
  })

  test('F19 rejects the units that were open, keeps what was committed and nothing else, and the relay goes on within two seconds', async () => {
    await admin.query('truncate posthorn_outbox')
    const units = marketUnits(driver)
    const [kept, lost] = [newBasket(), newBasket()]
    const forwarded: string[] = []
    const relay = new Relay({
      queue: drizzleOutboxQueue(driver),
      forward: async ({ id }) => void forwarded.push(id),
      dispatch: async () => undefined,
      onError: () => undefined,
    })
    await units.run(async (unit) => unit.baskets.add(kept))
    const open = await units.start()
    open.baskets.add(lost)
    open.publish(market.events.Looked({ basketId: lost.id }))
    const idle = expect(open.baskets.get(kept.id).then(() => sleep(50))).resolves.toBeUndefined()
    await idle
    relay.start()
    await crash()
    const event = market.events.Looked({ basketId: kept.id })
    const back = performance.now()
    await units.run(async (unit) => unit.publish(event))
    await expect.poll(() => forwarded).toEqual([event.id])
    expect(performance.now() - back).toBeLessThan(2_000)
    await expect(open.commit()).rejects.toMatchObject({ code: 'ConnectionLost', outcome: 'failed' })
    expect(
      await admin.query('select id from baskets where id = any ($1::text::text[])', [
        `{${kept.id},${lost.id}}`,
      ]),
    ).toEqual([{ id: kept.id }])
    await relay.stop()
  })
})

describe('a Postgres that takes no writes', () => {
  const takesNoWrites = async (work: () => Promise<void>) => {
    await configure('set default_transaction_read_only = on')
    try {
      await work()
    } finally {
      await configure('reset default_transaction_read_only')
    }
  }

  test('F22 fails units without a trace, and lets them through when it takes writes again', async () => {
    await admin.query('truncate posthorn_outbox')
    const units = marketUnits(driver)
    const [refused, later] = [newBasket(), newBasket()]
    const retry = { attempts: 2, base: 1, cap: 1 }
    const add = (basket: typeof later) =>
      units.run(
        async (unit) => {
          unit.baskets.add(basket)
          unit.publish(market.events.Looked({ basketId: basket.id }))
        },
        { retry },
      )
    await takesNoWrites(async () => {
      const lost = { code: 'ConnectionLost', outcome: 'failed', retryable: true }
      await expect.poll(() => add(refused).catch((error) => error)).toMatchObject(lost)
      expect(await units.run((unit) => unit.baskets.get(refused.id), { readOnly: true })).toBeUndefined()
    })
    const outcome = (adding: Promise<void>) =>
      adding.then(
        () => 'added',
        () => 'refused',
      )
    await expect.poll(() => outcome(add(later))).toBe('added')
    const [row] = await admin.query<{ waiting: number }>(
      'select count(*)::int as waiting from posthorn_outbox',
    )
    expect(row?.waiting).toBe(1)
  })

  test('F22 with no room left on its disk fails units without a trace as well', async () => {
    await admin.query('truncate posthorn_outbox')
    await admin.query(`create function full_disk() returns trigger language plpgsql as $$ begin
        raise 'could not extend file' using errcode = 'disk_full'; end $$;
      create trigger full_disk before insert on posthorn_outbox execute function full_disk()`)
    const units = marketUnits(driver)
    const basket = newBasket()
    const add = () =>
      units.run(async (unit) => {
        unit.baskets.add(basket)
        unit.publish(market.events.Looked({ basketId: basket.id }))
      })
    await expect(add()).rejects.toMatchObject({ code: '53100' })
    expect(await admin.query('select 1 from baskets where id = $1', [basket.id])).toEqual([])
    await admin.query('drop function full_disk cascade')
    await add()
    expect((await drizzleOutboxQueue(driver).depth()).broker).toBe(1)
  })
})

test('F21 a backend that is frozen is lost after the time limits, and the next one serves', async () => {
  await using quick = postgresDriver(server.url, { max: 1, patience: 200 })
  const transaction = await quick.begin({ statementTimeout: 300, lockTimeout: 100 })
  const [row] = await transaction.run('select pg_backend_pid() as pid')
  const pid = Number(row?.pid)
  await admin.query(`copy (select 1) to program 'cat > /dev/null; kill -STOP ${pid}'`)
  await expect(transaction.run('select 1')).rejects.toMatchObject({ code: 'ConnectionLost' })
  await transaction.rollback()
  expect(await quick.query('select 1 as one')).toEqual([{ one: 1 }])
  await admin.query(`copy (select 1) to program 'cat > /dev/null; kill -CONT ${pid}'`)
  const stillThere = () => admin.query('select 1 from pg_stat_activity where pid = $1', [pid])
  await expect.poll(stillThere, { timeout: 5_000 }).toEqual([])
})

test('F37 a server without connections left is an error in time, and serves again when there are some', async () => {
  await admin.query('alter role plain connection limit 2')
  await using crowd = postgresDriver(asPlain(server.url), { max: 10 })
  const begun = await Promise.allSettled(
    Array.from({ length: 10 }, () => crowd.begin({ acquireTimeout: 2_000 })),
  )
  const open = begun.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const refused = begun.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  expect(open).toHaveLength(2)
  for (const error of refused) expect(error).toMatchObject({ code: 'ConnectionLost', retryable: true })
  await Promise.all(open.map((transaction) => transaction.rollback()))
  expect(await crowd.query('select 1 as one')).toEqual([{ one: 1 }])
  await admin.query('alter role plain connection limit -1')
  const all = await Promise.all(Array.from({ length: 10 }, () => crowd.begin()))
  await Promise.all(all.map((transaction) => transaction.commit()))
})

describe('while a commit that notifies waits for a standby', () => {
  /** Sessions that do not wait for the standby themselves. */
  const local = (url: string) => `${url}?synchronous_commit=local`
  const waitsFor = (pid: number, what: 'IPC' | 'Lock') =>
    admin.query('select 1 from pg_stat_activity where pid = $1 and wait_event_type = $2', [pid, what])

  const notify = async (own: PostgresDriver) => {
    const transaction = await own.begin()
    await transaction.run('insert into other values (1)')
    const [row] = await transaction.run("select pg_backend_pid() as pid, pg_notify('news', '')")
    const committed = transaction.commit()
    committed.catch(() => undefined)
    return { transaction, committed, pid: Number(row?.pid) }
  }

  const meanwhile = async (work: () => Promise<void>) => {
    await using first = postgresDriver(`${server.url}?synchronous_commit=on`, { max: 1 })
    await configure("set synchronous_standby_names = 'nobody'")
    try {
      // The server hears of its setting a moment later.
      let notifying = await notify(first)
      await expect
        .poll(async () => {
          if (notifying.transaction.phase === 'committed') notifying = await notify(first)
          return waitsFor(notifying.pid, 'IPC')
        })
        .toHaveLength(1)
      await work()
      expect(notifying.transaction.phase).toBe('committing')
    } finally {
      await configure('reset synchronous_standby_names')
    }
  }

  test('K11 every other commit that notifies waits for that one, with bare NOTIFY', () =>
    meanwhile(async () => {
      await using second = postgresDriver(local(server.url), { max: 1 })
      const { transaction, pid } = await notify(second)
      await expect.poll(() => waitsFor(pid, 'Lock')).toHaveLength(1)
      expect(transaction.phase).toBe('committing')
      await second.end(0)
    }))

  test('K11 units commit with their messages and the relay forwards them, for none of it notifies', () =>
    meanwhile(async () => {
      await admin.query('truncate posthorn_outbox')
      let sent = ''
      proxy.onRequest = (bytes) => {
        sent += bytes.toString('latin1')
        return true
      }
      await using own = postgresDriver(asPlain(local(proxy.url)))
      const forwarded: string[] = []
      const relay = new Relay({
        queue: drizzleOutboxQueue(own),
        forward: async ({ id }) => void forwarded.push(id),
        dispatch: async () => undefined,
      })
      relay.start()
      const event = market.events.Looked({ basketId: 'b' })
      await marketUnits(own).run(async (unit) => unit.publish(event))
      await expect.poll(() => forwarded).toEqual([event.id])
      await relay.stop()
      expect(sent).toContain('insert into posthorn_outbox')
      expect(sent).not.toMatch(/notify|listen/i)
    }))
})
