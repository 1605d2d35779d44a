import { fastify } from 'fastify'
import postgres from 'postgres'
import { allocate } from './raw-allocate.ts'
import { startRelay } from './raw-relay.ts'

/*
 * A service by hand that answers `POST /allocations` as the allocation service does, for lines that are new and fit. It
 * is a process of its own.
 */

const { DATABASE_URL = '', PORT = '', AMQP_URL } = process.env
const sql = postgres(DATABASE_URL, { max: 10, onnotice: () => undefined })
const app = fastify({ logger: true })

const line = {
  orderId: { type: 'string', minLength: 1, maxLength: 64 },
  sku: { type: 'string', minLength: 1, maxLength: 64 },
  qty: { type: 'integer', minimum: 1 },
} as const
const placed = { ...line, status: { type: 'string' }, batchRef: { type: 'string', nullable: true } } as const

app.post<{ Body: { orderId: string; sku: string; qty: number } }>(
  '/allocations',
  {
    schema: {
      body: { type: 'object', required: ['orderId', 'sku', 'qty'], properties: line },
      response: { 201: { type: 'object', properties: placed } },
    },
  },
  async ({ body }, reply) => {
    const batchRef = await allocate(sql, body)
    reply.header('location', `/allocations/${encodeURIComponent(body.orderId)}`)
    return reply.code(201).send({ ...body, status: 'allocated', batchRef })
  },
)
app.get('/health/ready', { logLevel: 'warn' }, async () => {
  await sql`select 1`
  return { status: 'ready' }
})

if (AMQP_URL !== undefined) await startRelay(sql, AMQP_URL)
await app.listen({ host: '127.0.0.1', port: Number(PORT) })
process.on('SIGTERM', () => process.exit(0))
