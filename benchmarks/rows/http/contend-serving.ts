import type { ServiceProcess } from '@posthorn/tooling/dist/running-system/service-process.js'
import autocannon from 'autocannon'
import postgres, { type Sql } from 'postgres'
import { createAllocationTables } from '../../suite/allocation-service.ts'
import { CPU, contend, type Servers } from '../../suite/contender.ts'
import { processorTimeOf } from '../../suite/other-process.ts'

const PRODUCTS = 1_000
const CONNECTIONS = 32

/** Makes this process a contender of the row: the client of a service that it starts. */
export async function contendServing(
  start: (servers: Servers, argument: string) => Promise<ServiceProcess>,
): Promise<void> {
  await contend(async (servers, argument) => {
    await createAllocationTables(servers)
    const sql = postgres(servers.databaseUrl, { max: 1 })
    await addProducts(sql, 'spread', PRODUCTS)
    const service = await start(servers, argument)
    let rounds = 0
    return {
      async round(size) {
        rounds += 1
        const round = rounds
        const hot = `hot-${round}-0`
        await addProducts(sql, `hot-${round}`, 1)
        const before = processorTimeOf(service.pid)
        const spread = await allocate(service.url, size, `${round}-spread`, (n) => `spread-${n % PRODUCTS}`)
        const crowded = await allocate(service.url, size / 2, `${round}-hot`, () => hot)
        const cpu = processorTimeOf(service.pid) - before
        await check(sql, round, size * 1.5)
        return {
          'spread requests/s': spread.perSecond,
          'spread p99 ms': spread.p99,
          'hot requests/s': crowded.perSecond,
          'hot p99 ms': crowded.p99,
          [CPU]: cpu / (size * 1.5),
        }
      },
      async close() {
        await sql.end()
        await service.stop()
      },
    }
  })
}

/** Products with a batch each that never runs out. */
async function addProducts(sql: Sql, prefix: string, count: number): Promise<void> {
  await sql`
    insert into products (sku, version, moves)
    select ${prefix} || '-' || n, 1, 0 from generate_series(0, ${count - 1}::int) as n`
  await sql`
    insert into batches (ref, sku, created_qty, purchased_qty, eta)
    select 'batch of ' || sku, sku, 1000000, 1000000, null from products where sku like ${`${prefix}-%`}`
}

/** So many lines, each of an order of its own; every answer has to be 201. */
async function allocate(url: string, amount: number, prefix: string, skuOf: (index: number) => string) {
  let next = 0
  const start = performance.now()
  // autocannon itself notices only once a second that all have been answered.
  let end = start
  const { errors, timeouts, non2xx, latency, ...counts } = await autocannon({
    url,
    amount,
    connections: Math.min(CONNECTIONS, amount),
    timeout: 30,
    requests: [
      {
        method: 'POST',
        path: '/allocations',
        headers: { 'content-type': 'application/json' },
        setupRequest(request) {
          const index = next++
          const line = { orderId: `${prefix}-${index}`, sku: skuOf(index), qty: 1 + (index % 3) }
          return { ...request, body: JSON.stringify(line) }
        },
        onResponse() {
          end = performance.now()
        },
      },
    ],
  })
  const seconds = (end - start) / 1_000
  if (errors + non2xx > 0 || counts['2xx'] !== amount) {
    const failures = `${errors} errors (${timeouts} for their time), ${non2xx} refused`
    throw new Error(`Of ${amount} requests ${counts['2xx']} succeeded; ${failures}`)
  }
  return { perSecond: amount / seconds, p99: latency.p99 }
}

/** Every line has its batch, its view and its event, unless that has left already. */
async function check(sql: Sql, round: number, amount: number): Promise<void> {
  const [found] = await sql`
    select (select count(*)::int from lines where order_id like ${`${round}-%`} and batch_ref is not null) as lines,
      (select count(*)::int from allocations_view where order_id like ${`${round}-%`}) as viewed`
  if (found?.lines !== amount || found?.viewed !== amount) {
    throw new Error(`${found?.lines} lines and ${found?.viewed} in the view of ${amount}`)
  }
}
