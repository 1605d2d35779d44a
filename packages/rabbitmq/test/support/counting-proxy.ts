import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type AmqpFrame, FrameSplitter, HEARTBEAT, METHOD } from '../../src/dead-letters/amqp-frames.ts'

/** A way to the broker that counts what goes by, signs of life apart. */
export interface CountingProxy extends AsyncDisposable {
  /** The broker's URL, by way of the proxy. */
  through(url: string): string
  counts(): Counts
  reset(): void
}

export interface Counts {
  readonly toBroker: Traffic
  readonly toClients: Traffic
}

interface Traffic {
  readonly frames: number
  readonly bytes: number
  readonly acks: number
  /** The delivery tag of the last one. */
  readonly lastAck: number
}

const PROTOCOL_HEADER = 8
const BASIC_ACK = 0x003c0050

export async function countingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const toBroker = new Counter()
  const toClients = new Counter()
  const server = createServer((client) => {
    const broker = connect(Number(port), hostname)
    passOn(client, broker, toBroker, PROTOCOL_HEADER)
    passOn(broker, client, toClients, 0)
    for (const socket of [client, broker]) sockets.add(socket.setNoDelay(true))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as AddressInfo
  return {
    through(url) {
      const changed = new URL(url)
      changed.hostname = '127.0.0.1'
      changed.port = String(own)
      return changed.href
    },
    counts: () => ({ toBroker: toBroker.traffic, toClients: toClients.traffic }),
    reset: () => {
      toBroker.traffic = NOTHING
      toClients.traffic = NOTHING
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function passOn(from: Socket, to: Socket, counter: Counter, preamble: number): void {
  const splitter = new FrameSplitter()
  let uncounted = preamble
  from.on('data', (data) => {
    to.write(data)
    const rest = data.subarray(uncounted)
    uncounted -= data.length - rest.length
    for (const frame of splitter.push(rest)) counter.count(frame)
  })
  from.on('error', () => undefined)
  from.on('close', () => to.destroy())
}

const NOTHING: Traffic = { frames: 0, bytes: 0, acks: 0, lastAck: 0 }

class Counter {
  traffic = NOTHING

  count({ kind, payload }: AmqpFrame): void {
    if (kind === HEARTBEAT) return
    const isAck = kind === METHOD && payload.readUInt32BE(0) === BASIC_ACK
    const { frames, bytes, acks, lastAck } = this.traffic
    this.traffic = {
      frames: frames + 1,
      bytes: bytes + payload.length + 8,
      acks: acks + (isAck ? 1 : 0),
      lastAck: isAck ? Number(payload.readBigUInt64BE(4)) : lastAck,
    }
  }
}
