import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A way to a server on which every byte takes its time, there and back: it shows how often somebody waits. */
export interface SlowLine {
  /** The server's URL, by way of the line. */
  readonly url: string
  close(): Promise<void>
}

/** @param latency one way, in ms */
export async function slowLine(target: string, latency: number): Promise<SlowLine> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const pass = (from: Socket, to: Socket) => {
    from.on('data', (bytes) => void delay(latency).then(() => to.writable && to.write(bytes)))
    from.on('close', () => to.destroy())
    from.on('error', () => to.destroy())
  }
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true })
    for (const socket of [near, far]) sockets.add(socket)
    pass(near, far)
    pass(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
