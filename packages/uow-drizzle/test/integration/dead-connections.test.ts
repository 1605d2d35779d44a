import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { type PostgresDriver, postgresDriver } from '@posthorn/uow-drizzle'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../../tooling/fixtures/postgres.ts'
import { runBare } from '../bare/run-bare.ts'
import { type TcpProxy, tcpProxy } from '../tcp-proxy.ts'

/*
 * What a pool makes of connections that die while nobody uses them, and of what reaches them between their death and
 * the news of it. An exception or a rejection that nobody handles fails this file.
 */

let database: FreshDatabase
let proxy: TcpProxy
let driver: PostgresDriver

beforeAll(async () => {
  database = await freshDatabase()
})

beforeEach(async () => {
  proxy = await tcpProxy(database.url)
  driver = postgresDriver(proxy.url, { max: 1 })
})

afterEach(async () => {
  await driver.end(1_000)
  await proxy[Symbol.asyncDispose]()
})

afterAll(() => database.dispose())

/** In so many turns of the event loop after the reset the socket is dead, and after one more everybody knows. */
const TURNS = [0, 1, 2, 3]

describe('a statement that reaches a connection between its death and the news of it', () => {
  test('F19 K1 holds up all that come after it, with bare postgres.js', async () => {
    const { outcome } = await runBare('deathBeforeItsWrite', database.url)
    expect(outcome).toEqual({ first: 'ECONNRESET', next: 'still waiting' })
  })

  test.each(TURNS)(
    'F19 K1 is lost with it alone, and the next is answered at once: turn %i',
    async (turns) => {
      for (let death = 0; death < 3; death++) {
        await driver.query('select 1')
        proxy.cut('rst')
        for (let turn = 0; turn < turns; turn++) await nextTurn()
        const start = performance.now()
        await driver
          .query('select 1')
          .catch((error) => expect(error).toMatchObject({ code: 'ConnectionLost' }))
        expect(await driver.query('select 2 as two')).toEqual([{ two: 2 }])
        expect(performance.now() - start).toBeLessThan(2_000)
      }
    },
  )
})

describe('a transaction that is begun on a connection between its death and the news of it', () => {
  test('F20 K1 shares the next connection with another one, with bare postgres.js', async () => {
    const { outcome } = await runBare('deathUnderBegin', database.url)
    expect(outcome).toEqual(['written by one', 'written by the other, which was rolled back'])
  })

  test('F20 K1 has another connection, which is its own', async () => {
    const sockets: Socket[] = []
    const note = (made: unknown) => void sockets.push((made as { readonly socket: Socket }).socket)
    subscribe('net.client.socket', note)
    await using two = postgresDriver(database.url, { max: 2 })
    await two.query('select 1')
    unsubscribe('net.client.socket', note)
    const [dying] = sockets
    const begun: ReturnType<PostgresDriver['begin']>[] = []
    dying?.once('error', () => begun.push(two.begin()))
    dying?.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }))
    await expect.poll(() => begun.length).toBe(1)
    await sleep(100)
    begun.push(two.begin())
    const transactions = await Promise.all(begun)
    const rows = await Promise.all(transactions.map((one) => one.run('select pg_backend_pid() as pid')))
    expect(new Set(rows.map(([row]) => row?.pid)).size).toBe(2)
    await Promise.all(transactions.map((one) => one.commit()))
  })
})

describe('a server that ends each connection politely before it is one', () => {
  const polite = async (work: (url: string, calls: () => number) => Promise<void>) => {
    let calls = 0
    const server = createServer((socket) => {
      calls += 1
      socket.on('error', () => undefined)
      socket.end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await work(`postgres://nobody@127.0.0.1:${port}/nothing`, () => calls)
    server.close()
  }

  test('is called again without end by bare postgres.js, which tells nobody', () =>
    polite(async (url, calls) => {
      const { outcome } = await runBare('politeServer', url)
      expect(outcome).toBe('still waiting')
      expect(calls()).toBeGreaterThan(10)
    }))

  test('is a ConnectionLost with the driver, which calls once', () =>
    polite(async (url, calls) => {
      await using one = postgresDriver(url)
      await expect(one.begin()).rejects.toMatchObject({ code: 'ConnectionLost', retryable: true })
      await expect(one.query('select 1')).rejects.toMatchObject({ code: 'ConnectionLost' })
      expect(calls()).toBe(2)
    }))
})

test('a connection that dies while it is being made is just lost, after however many bytes', async () => {
  const startUp = await bytesOf(() => driver.query('select 1'))
  expect(startUp).toBeGreaterThan(400)
  for (let after = 0; after <= startUp; after += 41) {
    await using one = postgresDriver(proxy.url, { max: 1 })
    proxy.cutAfter(after)
    await expect(one.query('select 1')).rejects.toMatchObject({ code: 'ConnectionLost' })
    proxy.cutAfter(undefined)
    expect(await one.query('select 1 as one')).toEqual([{ one: 1 }])
  }
})

test('of several hosts the next one is tried when one cannot be reached', async () => {
  const { host } = new URL(proxy.url)
  await using several = postgresDriver(proxy.url.replace(host, `127.0.0.1:1,${host}`))
  expect(await several.query('select 1 as one')).toEqual([{ one: 1 }])
})

describe('a connection whose making stops half-way', () => {
  test('is given up after the time that connecting may take, and the next one serves', async () => {
    await using one = postgresDriver(proxy.url, { max: 1, connectTimeout: 300 })
    proxy.onRequest = (bytes) => !bytes.includes('stats_reset')
    const begun = one.begin({ acquireTimeout: 3_000 })
    await expect(begun).rejects.toMatchObject({ code: 'ConnectionLost', cause: { code: 'ETIMEDOUT' } })
    proxy.onRequest = () => true
    expect(await one.query('select 1 as one')).toEqual([{ one: 1 }])
  })

  test.each(['before it has a socket', 'when it is greeted by nobody'])(
    'ends with its driver: %s',
    async (when) => {
      const sockets: Socket[] = []
      const silent = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.resume()
        sockets.push(socket)
      })
      silent.listen(0, '127.0.0.1')
      await once(silent, 'listening')
      const { port } = silent.address() as AddressInfo
      const one = postgresDriver(`postgres://nobody@127.0.0.1:${port}/nothing`)
      const refused = expect(one.begin()).rejects.toMatchObject({ code: 'ConnectionLost' })
      if (when !== 'before it has a socket') await expect.poll(() => sockets.length).toBe(1)
      await one.end(0)
      await refused
      const open = () => sockets.filter(({ closed }) => !closed)
      // One that comes late has come by now.
      await sleep(50)
      await expect.poll(open).toEqual([])
      silent.close()
    },
  )
})

async function bytesOf(work: () => Promise<unknown>): Promise<number> {
  const before = proxy.passed
  await work()
  return proxy.passed - before
}
