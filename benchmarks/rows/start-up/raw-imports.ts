import { freePort } from '@posthorn/tooling/dist/running-system/free-port.js'
import { startService } from '@posthorn/tooling/dist/running-system/service-process.js'
import { contendStarting } from './contend-starting.ts'

const script = new URL('raw-server.js', import.meta.url).pathname

await contendStarting(async () => {
  const port = await freePort()
  const env = { NODE_ENV: 'production', PORT: String(port) }
  return { start: () => startService({ name: 'raw-imports', port, script, env }), path: '/' }
})
