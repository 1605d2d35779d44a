import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A way to the broker that can be cut, closed and frozen. */
export interface TcpProxy extends AsyncDisposable {
  /** The broker's URL, by way of the proxy. */
  through(url: string): string
  /** How many connections have been tried. */
  readonly attempts: () => number
  readonly open: () => number
  /** Ends all connections, with a reset. */
  cut(): void
  /** While true, new connections are dropped at once. */
  refuse(on: boolean): void
  /** While true, nothing is passed on, in either direction. */
  freeze(on: boolean): void
  /** While true, new connections are passed on byte by byte. */
  slice(on: boolean): void
  /** Sends bytes to all clients as if they came from the broker. */
  inject(bytes: Buffer): void
}

export async function tcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const pairs = new Set<{ client: Socket; broker: Socket }>()
  let attempts = 0
  let refusing = false
  let frozen = false
  let slicing = false

  const server = createServer((client) => {
    attempts += 1
    if (refusing) {
      client.destroy()
      return
    }
    const broker = connect(Number(port), hostname)
    const pair = { client, broker }
    pairs.add(pair)
    client.on('data', slicing ? slicesTo(broker) : (data) => broker.write(data))
    broker.on('data', slicing ? slicesTo(client) : (data) => client.write(data))
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      one.setNoDelay(true)
      one.on('error', () => undefined)
      one.on('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
    }
    if (frozen) pause(pair, true)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo

  const cut = () => {
    for (const { client, broker } of pairs) {
      client.resetAndDestroy()
      broker.destroy()
    }
  }
  return {
    through: (url) => {
      const changed = new URL(url)
      changed.hostname = '127.0.0.1'
      changed.port = String(own)
      return changed.href
    },
    attempts: () => attempts,
    open: () => pairs.size,
    cut,
    refuse: (on) => {
      refusing = on
    },
    freeze: (on) => {
      frozen = on
      for (const pair of pairs) pause(pair, on)
    },
    slice: (on) => {
      slicing = on
    },
    inject: (bytes) => {
      for (const { client } of pairs) client.write(bytes)
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function slicesTo(socket: Socket): (data: Buffer) => void {
  let last = Promise.resolve()
  const send = async (data: Buffer) => {
    for (const byte of data) {
      socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return (data) => {
    last = last.then(() => send(data))
  }
}

function pause({ client, broker }: { client: Socket; broker: Socket }, on: boolean): void {
  for (const socket of [client, broker]) on ? socket.pause() : socket.resume()
}
