import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** A way to a server on which every byte takes its time, there and back, so that one sees how often somebody waits. */
export interface SlowLine {
  /** The server's URL, by way of the line. */
  readonly url: string
  /** Round trips so far: what was sent after an answer to what went before. */
  readonly flights: number
  close(): Promise<void>
}

/** @param latency one way, in ms */
export async function slowLine(target: string, latency: number): Promise<SlowLine> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let flights = 0
  const pass = (from: Socket, to: Socket, passed: () => void) => {
    from.on('data', (bytes) => {
      void delay(latency).then(() => {
        passed()
        if (to.writable) to.write(bytes)
      })
    })
    from.on('close', () => to.destroy())
    from.on('error', () => to.destroy())
  }
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true })
    let answered = true
    near.on('data', () => {
      if (answered) flights += 1
      answered = false
    })
    for (const socket of [near, far]) sockets.add(socket)
    pass(near, far, () => undefined)
    pass(far, near, () => {
      answered = true
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    get flights() {
      return flights
    },
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
