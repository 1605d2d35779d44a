import { freePort } from '@posthorn/tooling/dist/running-system/free-port.js'
import { startService } from '@posthorn/tooling/dist/running-system/service-process.js'
import { contendServing } from './contend-serving.ts'

await contendServing(async ({ databaseUrl, amqpUrl }, argument) => {
  const port = await freePort()
  const script = new URL('raw-server.js', import.meta.url).pathname
  const env = { NODE_ENV: 'production', DATABASE_URL: databaseUrl, PORT: String(port) }
  const relay = argument === 'relay' ? { AMQP_URL: amqpUrl } : {}
  const service = startService({ name: 'raw-fastify', port, script, env: { ...env, ...relay } })
  await service.ready()
  return service
})
