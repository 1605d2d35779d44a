import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { allocationClient } from '../../demo/allocation-client.ts'
import { startTcpProxy, type TcpProxy } from '../../faults/tcp-proxy.ts'
import type { RunningSystem } from '../../running-system/running-system.ts'
import type { ServiceProcess } from '../../running-system/service-process.ts'
import { startE2eSystem } from '../e2e-system.ts'
import { through } from './through.ts'

const FULL = process.env.POSTHORN_TEST_FULL === '1'
/** In seconds: in full what a service gives itself unless it is told otherwise. */
const DEADLINE = FULL ? 25 : 2
/** What a process takes to end besides, in ms. */
const SLACK = 1_500

let broker: TcpProxy
let postgres: TcpProxy
let running: RunningSystem

beforeAll(async () => {
  const [amqpUrl, databaseUrl] = [process.env.POSTHORN_TEST_AMQP_URL, process.env.POSTHORN_TEST_DATABASE_URL]
  broker = await startTcpProxy(Number(new URL(String(amqpUrl)).port))
  postgres = await startTcpProxy(Number(new URL(String(databaseUrl)).port))
  running = await startE2eSystem({
    amqpUrl: through(String(amqpUrl), broker),
    databaseUrl: through(String(databaseUrl), postgres),
    env: FULL ? {} : { STOP_SECONDS: `${DEADLINE}` },
  })
}, 60_000)

function thaw(): void {
  for (const link of [broker, postgres]) link.set({ kind: 'fair' })
}

afterEach(thaw)

afterAll(async () => {
  await running?.stop()
  await Promise.all([broker?.stop(), postgres?.stop()])
}, 60_000)

/** Work of every kind, so that there is something to abandon, in which the servers then freeze. */
async function freezeUnderWork(frozen: readonly TcpProxy[], sku: string) {
  const client = allocationClient(running.allocation.url)
  expect((await client.createBatch({ ref: `${sku}-stock`, sku, qty: 1 })).status).toBe(201)
  const allocate = (n: number) =>
    client.allocate({ orderId: `${sku}-${n}`, sku, qty: 1, notify: 'a@example.com' }).catch(() => undefined)
  await Promise.all([0, 1, 2].map(allocate))
  for (const link of frozen) link.set({ kind: 'held', direction: 'both' })
  for (const n of [3, 4, 5]) void allocate(n)
  await pause(100)
}

async function endOf(service: ServiceProcess, deadline: number) {
  const begun = performance.now()
  const code = await service.stop(deadline)
  const said = service.output().trim().split('\n').at(-1) ?? ''
  return { code, took: performance.now() - begun, said }
}

const SERVERS: Readonly<Record<string, () => readonly TcpProxy[]>> = {
  'the broker': () => [broker],
  Postgres: () => [postgres],
  ...(FULL ? { both: () => [broker, postgres] } : {}),
}

test.each(Object.keys(SERVERS))(
  'F29 with %s frozen a service that is told to stop has ended by its deadline, and named what it abandoned',
  async (what) => {
    await freezeUnderWork(SERVERS[what]?.() ?? [], `FROZEN-${what.replace(' ', '-')}`)
    const deadline = DEADLINE * 1_000 + SLACK
    const services = [running.allocation, running.notifications]
    const ends = await Promise.all(services.map((service) => endOf(service, deadline)))
    for (const { code, took, said } of ends) {
      expect(code, 'the exit code; null for one that had to be killed').not.toBeNull()
      expect(took).toBeLessThan(deadline)
      const { abandoned = [] } = JSON.parse(said.startsWith('{') ? said : '{}')
      expect(abandoned.length > 0, said).toBe(code !== 0)
    }
    thaw()
    await Promise.all([running.restart('allocation'), running.restart('notifications')])
  },
  120_000,
)

test('F29 a second signal ends a service at once', async () => {
  await freezeUnderWork([postgres], 'TWICE')
  const { allocation } = running
  const first = allocation.stop(60_000)
  await pause(1_050)
  const second = await endOf(allocation, 60_000)
  expect(await first).toBe(1)
  expect(second.took).toBeLessThan(500)
  expect(JSON.parse(second.said)).toMatchObject({ msg: 'told twice to stop: ending at once' })
}, 60_000)
