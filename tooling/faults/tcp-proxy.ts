import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What a link does to what passes over it. */
export type Weather =
  | { readonly kind: 'fair' }
  /** Each piece of data is late by so many ms. */
  | { readonly kind: 'slow'; readonly delay: number }
  /** Data come one byte at a time at first, then in small pieces. */
  | { readonly kind: 'crumbs'; readonly size: number }
  /** Each connection is reset after so many bytes in both directions together. */
  | { readonly kind: 'cut'; readonly after: number }
  /** Nothing passes in that direction until the weather changes; nobody is told. `in` is towards the service. */
  | { readonly kind: 'held'; readonly direction: 'in' | 'out' | 'both' }
  /** New connections are reset at once. */
  | { readonly kind: 'refused' }

/** One service's way to one server, on which it can rain. */
export interface TcpProxy {
  readonly port: number
  set(weather: Weather): void
  /** Resets every connection that there is. */
  reset(): void
  /** Half-opens every connection that there is: nothing passes any more, and nobody is told. */
  strand(): void
  /** Resets what is half-open, as the systems' own probes do after hours. */
  endStranded(): void
  readonly connections: number
  stop(): Promise<void>
}

type Direction = 'in' | 'out'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  passed: number
  stranded: boolean
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let weather: Weather = { kind: 'fair' }
  const pairs = new Set<Pair>()

  const end = (pair: Pair) => {
    pairs.delete(pair)
    pair.client.resetAndDestroy()
    pair.server.resetAndDestroy()
  }
  const holds = (pair: Pair, direction: Direction) =>
    pair.stranded || (weather.kind === 'held' && [direction, 'both'].includes(weather.direction))

  const join = (client: Socket) => {
    const server = connect({ port: targetPort, host: '127.0.0.1' })
    const pair: Pair = { client, server, passed: 0, stranded: false }
    pairs.add(pair)
    carry(pair, 'out', client, server)
    carry(pair, 'in', server, client)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        // The end of one that is stranded is not told to the other side either.
        if (!pair.stranded || (client.destroyed && server.destroyed)) end(pair)
      })
    }
  }

  const carry = (pair: Pair, direction: Direction, from: Socket, to: Socket) => {
    let last = Promise.resolve()
    const pass = async (data: Buffer) => {
      const now = weather
      if (now.kind === 'slow') await pause(now.delay)
      while (holds(pair, direction)) await pause(20)
      if (now.kind === 'crumbs') {
        for (let at = 0; at < data.length; at += now.size) {
          if (!to.destroyed) to.write(data.subarray(at, at + now.size))
          await pause(0)
        }
        return
      }
      const left = now.kind === 'cut' ? Math.max(0, now.after - pair.passed) : data.length
      pair.passed += Math.min(left, data.length)
      if (!to.destroyed && left > 0) to.write(data.subarray(0, left))
      if (left < data.length) setTimeout(() => end(pair), 1)
    }
    from.on('data', (data: Buffer) => {
      // What is held is not read, so that whoever sends notices in the end that nobody takes it.
      from.pause()
      last = last.then(() => pass(data)).then(() => void from.resume())
    })
    from.on('end', () => void last.then(() => pair.stranded || to.end()))
  }

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (weather.kind === 'refused') client.resetAndDestroy()
    else join(client)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo

  return {
    port,
    get connections() {
      return pairs.size
    },
    set: (next) => {
      weather = next
      for (const pair of pairs) pair.passed = 0
    },
    reset: () => {
      for (const pair of pairs) end(pair)
    },
    strand: () => {
      for (const pair of pairs) pair.stranded = true
    },
    endStranded: () => {
      for (const pair of pairs) if (pair.stranded) end(pair)
    },
    stop: () =>
      new Promise((resolve) => {
        for (const pair of pairs) end(pair)
        listener.close(() => resolve())
      }),
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
