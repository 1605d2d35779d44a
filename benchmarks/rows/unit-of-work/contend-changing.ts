import postgres from 'postgres'
import { CPU, contend } from '../../suite/contender.ts'
import { processorTime } from '../../suite/processor-time.ts'
import { slowLine } from '../../suite/slow-line.ts'
import { windowed } from '../../suite/window.ts'
import { createOrders, lookAt, orderOf } from './orders.ts'

/** A contender on one pool of connections. */
export interface Changing {
  /** One transaction: the order and its lines are read, one line and the total raised by one, and a message stored. */
  change(orderId: string, sku: string): Promise<void>
  end(): Promise<unknown>
}

const IN_FLIGHT = 8

/** Makes this process a contender of the row. */
export async function contendChanging(
  open: (url: string, connections: number, argument: string) => Promise<Changing>,
): Promise<void> {
  await contend(async ({ databaseUrl }, argument) => {
    const admin = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
    await createOrders(admin, databaseUrl)
    const changing = await open(databaseUrl, IN_FLIGHT, argument)
    const change = (index: number) => {
      const { orderId, sku } = orderOf(index)
      return changing.change(orderId, sku)
    }
    const flights = await flightsOfOne(databaseUrl, (url) => open(url, 1, argument))
    return {
      async round(size) {
        await admin`truncate posthorn_outbox`
        const before = await lookAt(admin)
        const start = performance.now()
        const cpu = await processorTime(() => windowed(size, IN_FLIGHT, change))
        const seconds = (performance.now() - start) / 1_000
        const { changes, messages } = await lookAt(admin)
        if (changes - before.changes !== size || messages !== size) {
          throw new Error(`${changes - before.changes} changes and ${messages} messages of ${size}`)
        }
        return { 'transactions/s': size / seconds, flights, [CPU]: cpu / size }
      },
      async close() {
        await changing.end()
        await admin.end()
      },
    }
  })
}

/** How often one transaction waits for the server. It is the third one, because statements are prepared by the first. */
async function flightsOfOne(databaseUrl: string, open: (url: string) => Promise<Changing>): Promise<number> {
  const line = await slowLine(databaseUrl, 20)
  const changing = await open(line.url)
  try {
    for (let warm = 0; warm < 2; warm++) await changing.change('order-0', 'sku-0')
    const before = line.flights
    await changing.change('order-0', 'sku-0')
    return line.flights - before
  } finally {
    await changing.end()
    await line.close()
  }
}
