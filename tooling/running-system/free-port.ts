import { createServer } from 'node:net'

let next = 24_000 + Math.floor(Math.random() * 6_000)

/**
 * A free port on loopback, below the range from which the system gives out ports: one that a service may lose and take
 * again without finding somebody else's outgoing connection on it.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    next = next >= 31_900 ? 24_000 : next + 1
    const port = next
    if (await isFree(port)) return port
  }
  throw new Error('No free port between 24000 and 31900')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
