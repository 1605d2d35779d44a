import { drizzle } from 'drizzle-orm/postgres-js'
import { fastify } from 'fastify'
import postgres from 'postgres'

/* What any such service imports, and nothing done with it but to listen; it connects to nothing. */

const db = drizzle(postgres())
const app = fastify()
app.get('/', async () => ({ ready: db !== undefined }))
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
process.on('SIGTERM', () => process.exit(0))
