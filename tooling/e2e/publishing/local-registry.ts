import { once } from 'node:events'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { runServer } from 'verdaccio'
import { freePort } from '../../running-system/free-port.ts'

/** An npm registry in this process, on loopback, that holds nothing but what is published to it. */
export interface LocalRegistry {
  readonly url: string
  /** Lets its bearer publish. */
  readonly token: string
  stop(): Promise<void>
}

/** @param folder where it keeps what is published */
export async function startLocalRegistry(folder: string): Promise<LocalRegistry> {
  const app = await runServer({
    configPath: join(folder, 'verdaccio.yaml'),
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    // Without uplinks it asks nobody: what it does not hold does not exist.
    uplinks: {},
    packages: { '@posthorn/*': { access: '$all', publish: '$authenticated' } },
    log: { type: 'stdout', format: 'pretty', level: 'error' },
    web: { enable: false },
  })
  const port = await freePort()
  const server: Server = app.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${port}/`
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  try {
    return { url, token: await register(url), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function register(url: string): Promise<string> {
  const user = { name: 'releaser', password: crypto.randomUUID() }
  const response = await fetch(`${url}-/user/org.couchdb.user:${user.name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(user),
  })
  const { token } = (await response.json()) as { token?: string }
  if (token === undefined) throw new Error(`The registry answers ${response.status} to a new user`)
  return token
}
