import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy in front of a server, that counts round trips and can break connections in every way. */
export interface TcpProxy extends AsyncDisposable {
  /** The given URL, by way of the proxy. */
  readonly url: string
  /** Round trips so far: bursts of the client, each after an answer to the one before. */
  readonly flights: number
  /** Ends connections, `fin` politely, `rst` not: all, or one of them. */
  cut(how: 'fin' | 'rst', which?: 'all' | 'one'): void
  /** From now on no answer arrives any more, though the server goes on. */
  swallowAnswers(swallow: boolean): void
  /** New connections are reset. */
  refusing: boolean
  /** By so much the request to cancel a statement comes late, in ms. */
  cancelDelay: number
  /** Bytes so far, of both sides. */
  readonly passed: number
  /** New connections are reset when so many bytes of both sides have passed. */
  cutAfter(bytes: number | undefined): void
  /** Sees every burst of the client before it is passed on; one for which it gives false is not. */
  onRequest: (bytes: Buffer) => boolean
}

/** @param roundTrip in ms */
export async function tcpProxy(target: string, roundTrip = 0): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let flights = 0
  let swallowing = false
  let passed = 0
  let limit: number | undefined
  let proxy: TcpProxy

  const server = createServer((client) => {
    if (proxy.refusing) return void client.resetAndDestroy()
    const upstream = connect(Number(port || 5432), hostname)
    let answered = true
    let left = limit ?? Number.POSITIVE_INFINITY
    /** As much of it as may still pass, and the end behind it. */
    const rest = (chunk: Buffer) => {
      const part = chunk.subarray(0, left)
      left -= part.length
      passed += part.length
      if (left === 0) setTimeout(() => client.resetAndDestroy(), 1)
      return part
    }
    if (left === 0) rest(Buffer.alloc(0))
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
      sockets.add(socket)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (answered) flights += 1
      answered = false
      if (!proxy.onRequest(chunk)) return
      const part = rest(chunk)
      later(roundTrip / 2 + (isCancel(chunk) ? proxy.cancelDelay : 0), () => upstream.write(part))
    })
    upstream.on('data', (chunk) => {
      if (swallowing) return
      const part = rest(chunk)
      later(roundTrip / 2, () => {
        answered = true
        if (!client.destroyed) client.write(part)
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)

  const cut: TcpProxy['cut'] = (how, which = 'all') => {
    const one = [...sockets][Math.floor(Math.random() * sockets.size)]
    for (const socket of which === 'all' ? sockets : one === undefined ? [] : [one]) {
      if (how === 'fin') socket.end()
      else socket.resetAndDestroy()
    }
  }
  proxy = {
    url: url.href,
    refusing: false,
    cancelDelay: 0,
    onRequest: () => true,
    get flights() {
      return flights
    },
    get passed() {
      return passed
    },
    cutAfter: (bytes) => {
      limit = bytes
    },
    cut,
    swallowAnswers: (swallow) => {
      swallowing = swallow
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      cut('rst')
    },
  }
  return proxy
}

function isCancel(chunk: Buffer): boolean {
  return chunk.length === 16 && chunk.readInt32BE(4) === 80_877_102
}

function later(ms: number, fn: () => void): void {
  if (ms === 0) fn()
  else setTimeout(fn, ms)
}
