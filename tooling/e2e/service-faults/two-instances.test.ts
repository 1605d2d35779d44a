import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { allocationClient } from '../../demo/allocation-client.ts'
import { type EventTap, startEventTap } from '../../faults/event-tap.ts'
import { startTcpProxy, type TcpProxy } from '../../faults/tcp-proxy.ts'
import { eventually } from '../../running-system/eventually.ts'
import { observedSystem } from '../../running-system/observed-system.ts'
import type { RunningSystem } from '../../running-system/running-system.ts'
import type { ServiceProcess } from '../../running-system/service-process.ts'
import { startE2eSystem } from '../e2e-system.ts'
import { expectInOrder, type Line, orderLines } from './order-lines.ts'
import { PersistentClient } from './persistent-client.ts'
import { askInTurns, countOutcomes } from './steady-load.ts'
import { through } from './through.ts'

const FULL = process.env.POSTHORN_TEST_FULL === '1'
const RESTARTS = FULL ? 50 : 4
const CLIENTS = 4
/** So many messages an instance may have in its hands. */
const PREFETCH = 50

let running: RunningSystem
let tap: EventTap
/** Beside the system's own instances: one of each service, with links of its own. */
let allocation2: ServiceProcess
let notifications2: ServiceProcess
let links: Readonly<
  Record<'allocationToBroker' | 'notificationsToBroker' | 'notificationsToPostgres', TcpProxy>
>

beforeAll(async () => {
  running = await startE2eSystem({ system: observedSystem })
  tap = await startEventTap(running.broker)
  const { broker, databases } = running
  const linkTo = (url: string) => startTcpProxy(Number(new URL(url).port))
  links = {
    allocationToBroker: await linkTo(broker.urlFor('allocation')),
    notificationsToBroker: await linkTo(broker.urlFor('notifications')),
    notificationsToPostgres: await linkTo(databases.url('notifications')),
  }
  allocation2 = await running.another('allocation', {
    POSTHORN_AMQP_URL: through(broker.urlFor('allocation'), links.allocationToBroker),
  })
  notifications2 = await running.another('notifications', {
    POSTHORN_AMQP_URL: through(broker.urlFor('notifications'), links.notificationsToBroker),
    DATABASE_URL: through(databases.url('notifications'), links.notificationsToPostgres),
  })
  await Promise.all([allocation2.ready(), notifications2.ready()])
}, 90_000)

afterAll(async () => {
  for (const service of [allocation2, notifications2]) service?.kill('SIGCONT')
  await tap?.close()
  await running?.stop()
  await Promise.all(Object.values(links ?? {}).map((link) => link.stop()))
}, 60_000)

const ids = () => running.mail.mails.map(({ messageId }) => messageId)

async function untilSeen(lines: readonly Line[], deadline?: number): Promise<void> {
  const wanted = lines.map(({ orderId }) => orderId)
  await eventually(
    () => {
      const seen = new Set(tap.events.map(({ payload }) => payload.orderId))
      return wanted.every((orderId) => seen.has(orderId)) || undefined
    },
    'the events of all lines',
    deadline,
  )
}

test('F26 the leading relay is frozen: the other one leads within 6 s, and what the first does later comes twice and never out of order', async () => {
  const { skus, stock, line } = orderLines('LEADER')
  const [first, second] = [running.allocation, allocation2].map(({ url }) => allocationClient(url))
  if (first === undefined || second === undefined) throw new Error('There are two')
  await stock(first)
  const accepted: Line[] = []
  const allocate = async (client: typeof first, n: number) => {
    expect((await client.allocate(line(n))).status).toBeLessThan(300)
    accepted.push(line(n))
  }

  links.allocationToBroker.set({ kind: 'held', direction: 'in' })
  for (let n = 0; n < 5; n++) await allocate(second, n)
  await untilLeading(running.databases.url('allocation'))
  allocation2.kill('SIGSTOP')
  const frozen = performance.now()
  for (let n = 5; n < 25; n++) await allocate(first, n)
  await untilSeen(accepted)
  const took = performance.now() - frozen

  allocation2.kill('SIGCONT')
  links.allocationToBroker.set({ kind: 'fair' })
  for (let n = 25; n < 35; n++) await allocate(second, n)
  await untilSeen(accepted)
  await allocation2.ready()
  console.log(`the other relay had passed everything on after ${Math.round(took)} ms; ${tap.repeated} twice`)
  expect(took).toBeLessThan(6_000)
  await expectInOrder(tap, running.allocation.url, skus, accepted)
}, 60_000)

test('F27 a consumer is frozen until the broker has given up on it: others do its work, and what it does later has no effect', async () => {
  const sku = 'CONSUMER'
  const client = allocationClient(running.allocation.url)
  await client.createBatch({ ref: `${sku}-stock`, sku, qty: 1 })
  const before = running.mail.mails.length
  links.notificationsToPostgres.set({ kind: 'held', direction: 'both' })
  const lines = Array.from({ length: 20 }, (_, n) => ({ orderId: `${sku}-${n}`, sku, qty: 2 }))
  for (const line of lines) expect((await client.allocate(line)).status).toBe(202)
  await untilSeen(lines)
  await running.mail.waitFor(before + 1, () => true)
  await pause(300)
  const withoutIt = running.mail.mails.length - before
  expect(withoutIt).toBeLessThan(lines.length)

  notifications2.kill('SIGSTOP')
  // In full the broker misses its heartbeats; else the connections end as if it had.
  if (!FULL) links.notificationsToBroker.reset()
  await running.mail.waitFor(before + lines.length, () => true, 40_000)

  notifications2.kill('SIGCONT')
  links.notificationsToPostgres.set({ kind: 'fair' })
  await notifications2.ready()
  const [last] = [{ orderId: `${sku}-last`, sku, qty: 2 }]
  await client.allocate(last)
  await running.mail.waitFor(before + lines.length + 1, () => true)
  const told = async () => {
    const response = await fetch(`${notifications2.url}/notifications?limit=100`)
    const { items } = (await response.json()) as { items: readonly { subject: string; status: string }[] }
    return items.filter(({ subject }) => subject.includes(sku)).map(({ status }) => status)
  }
  await expect.poll(told, { timeout: 10_000 }).toEqual(Array(lines.length + 1).fill('sent'))
  expect(running.mail.mails.length - before).toBe(lines.length + 1)
  expect(new Set(ids()).size).toBe(ids().length)
}, 90_000)

test('F28 rolling restarts under load: each ends with 0, nothing is lost or done twice, and nobody hears of another error than 503', async () => {
  const { skus, stock, line } = orderLines('ROLLING')
  await stock(allocationClient(running.allocation.url))
  const instances = {
    allocation: [running.allocation, allocation2],
    notifications: [running.notifications, notifications2],
  }
  const client = new PersistentClient(() => instances.allocation.map(({ url }) => url))
  const before = { repeated: tap.repeated, mails: running.mail.mails.length }
  const stops: number[] = []
  /** A new one first, then the oldest goes; who asks learns of it when he is turned away. */
  const replaceOldest = async (service: 'allocation' | 'notifications') => {
    const next = await running.another(service)
    await next.ready()
    instances[service].push(next)
    const [oldest] = instances[service]
    const begun = performance.now()
    const code = await oldest?.stop()
    stops.push(performance.now() - begun)
    instances[service].shift()
    expect(code, oldest?.output().slice(-3_000)).toBe(0)
  }

  const end = askInTurns(CLIENTS, (n) => client.allocate(line(n)))
  while (stops.length < RESTARTS) {
    await Promise.all([replaceOldest('allocation'), replaceOldest('notifications')])
  }
  const asked = await end()
  await untilSeen(client.accepted)
  const told = [...client.told].filter(([status]) => status >= 300 || status === 0)
  const repeated = tap.repeated - before.repeated
  console.log(
    `${stops.length} restarts, the slowest stop ${Math.round(Math.max(...stops))} ms; ${asked.length} lines; ` +
      `repeated after ${JSON.stringify(told)}; ${repeated} events came twice`,
  )
  expect(Math.max(...stops)).toBeLessThan(30_000)
  expect(countOutcomes(asked.filter(({ outcome }) => Number(outcome) >= 300))).toEqual({})
  expect(told.map(([status]) => status).filter((status) => status !== 0 && status !== 503)).toEqual([])
  expect(repeated).toBeLessThanOrEqual(PREFETCH * stops.length)
  await expectInOrder(tap, String(instances.allocation[0]?.url), skus, client.accepted)

  const due = tap.events.filter(({ type, payload }) => type === 'OutOfStock' && skus.includes(payload.sku))
  await running.mail.waitFor(before.mails + due.length, () => true, 60_000)
  expect(new Set(ids()).size).toBe(before.mails + due.length)
}, 600_000)

/** Until a relay holds on to the lead: one that passes entries on in good order has it for milliseconds. */
async function untilLeading(databaseUrl: string): Promise<void> {
  const sql = postgres(databaseUrl, { max: 1, fetch_types: false })
  let seen = 0
  await eventually(async () => {
    const [row] = await sql`
      select count(*)::int as count from pg_locks
      where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`
    seen = row?.count > 0 ? seen + 1 : 0
    return seen >= 4 || undefined
  }, 'a relay that leads and gets no answer')
  await sql.end()
}
