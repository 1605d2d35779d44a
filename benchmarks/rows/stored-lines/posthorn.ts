import postgres, { type Sql } from 'postgres'
import { createAllocationTables, readyAllocation } from '../../suite/allocation-service.ts'
import { CPU, contend } from '../../suite/contender.ts'
import { processorTimeOf } from '../../suite/other-process.ts'
import { median } from '../../suite/statistics.ts'

const SKU = 'HIGHBROW-POSTER'

/** `argument`: how many batches the product has, and how many lines in all. */
await contend(async (servers, argument) => {
  const [batches = 0, lines = 0] = argument.split('-').map(Number)
  await createAllocationTables(servers)
  const sql = postgres(servers.databaseUrl, { max: 1 })
  await addProduct(sql, batches, lines)
  const service = await readyAllocation(servers)
  let orders = 0
  const allocate = async () => {
    const start = performance.now()
    const answer = await fetch(`${service.url}/allocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ orderId: `new-${orders++}`, sku: SKU, qty: 1 }),
    })
    const placed = await answer.text()
    if (answer.status !== 201) throw new Error(`${answer.status}: ${placed}`)
    return performance.now() - start
  }
  return {
    async round(size) {
      const before = processorTimeOf(service.pid)
      const times: number[] = []
      for (let index = 0; index < size; index++) times.push(await allocate())
      return { 'p50 ms': median(times), [CPU]: (processorTimeOf(service.pid) - before) / size }
    },
    async close() {
      await sql.end()
      await service.stop()
    },
  }
})

/** Each batch has as many lines as any other, and room. */
async function addProduct(sql: Sql, batches: number, lines: number): Promise<void> {
  await sql`insert into products (sku, version, moves) values (${SKU}, 1, ${lines})`
  await sql`
    insert into batches (ref, sku, created_qty, purchased_qty, allocated_qty, eta)
    select 'batch-' || n, ${SKU}, 1000000, 1000000, ${lines / batches}::int, null from generate_series(0, ${batches - 1}::int) as n`
  await sql`
    insert into lines (sku, order_id, qty, batch_ref, position, told)
    select ${SKU}, 'order-' || n, 1, 'batch-' || n % ${batches}::int, n + 1, false
    from generate_series(0, ${lines - 1}::int) as n`
  await sql`analyze batches, lines`
}
