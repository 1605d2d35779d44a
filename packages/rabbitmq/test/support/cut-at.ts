import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy extends AsyncDisposable {
  readonly url: string
  /** How many connections were cut. */
  readonly cuts: () => number
}

/** A way to the broker that is cut for good the moment one side sends certain bytes, which do not arrive. */
export async function cutAt(target: string, from: 'client' | 'broker', bytes: Buffer): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let cuts = 0
  const server = createServer((client) => {
    const broker = connect(Number(port), hostname)
    const cut = () => {
      cuts += 1
      client.destroy()
      broker.destroy()
      server.close()
    }
    for (const [name, one, other] of [
      ['client', client, broker],
      ['broker', broker, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => other.destroy())
      one.on('data', (data) => {
        if (name === from && data.includes(bytes)) cut()
        else other.write(data)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    cuts: () => cuts,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
