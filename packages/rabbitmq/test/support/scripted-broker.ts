import { type AddressInfo, createServer, type Socket } from 'node:net'

/** Answers like a broker, as far as a client must be answered to connect and consume, and adds what a test wants. */
export interface ScriptedBroker extends AsyncDisposable {
  readonly port: number
  /** How often a method was called so far. */
  count(method: Method): number
  /** Sends something to all clients, unasked. */
  say(bytes: Buffer): void
}

/** AMQP's numbers of class and method. */
const METHODS = {
  '10.11': 'connection.start-ok',
  '10.40': 'connection.open',
  '10.50': 'connection.close',
  '20.10': 'channel.open',
  '20.40': 'channel.close',
  '60.10': 'basic.qos',
  '60.20': 'basic.consume',
  '60.40': 'basic.publish',
  '85.10': 'confirm.select',
} as const

type Method = (typeof METHODS)[keyof typeof METHODS]

/** What is sent along with the usual answer to a method, in the same packet. `times` counts from 1. */
export type Script = (method: Method, channel: number, times: number) => Buffer | undefined

export async function scriptedBroker(script: Script): Promise<ScriptedBroker> {
  const counts = new Map<Method, number>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    let rest = Buffer.alloc(0)
    let greeted = false
    socket.on('data', (data) => {
      rest = Buffer.concat([rest, data])
      if (!greeted) {
        greeted = true
        rest = rest.subarray('AMQP0091'.length)
        socket.write(method(0, 10, 10, [0, 9], u32(0), longText('PLAIN'), longText('en_US')))
      }
      for (let size = frameSize(rest); size !== undefined; size = frameSize(rest)) {
        const channel = rest.readUInt16BE(1)
        const called = rest[0] === 1 ? METHODS[methodOf(rest)] : undefined
        rest = rest.subarray(size)
        if (called === undefined) continue
        const times = (counts.get(called) ?? 0) + 1
        counts.set(called, times)
        const also = script(called, channel, times) ?? Buffer.alloc(0)
        socket.write(Buffer.concat([ANSWERS[called](channel), also]))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    count: (called) => counts.get(called) ?? 0,
    say: (bytes) => {
      for (const socket of sockets) socket.write(bytes)
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function connectionClose(code: number, text: string): Buffer {
  return method(0, 10, 50, u16(code), shortText(text), u32(0))
}

export function connectionBlocked(reason: string): Buffer {
  return method(0, 10, 60, shortText(reason))
}

export function connectionUnblocked(): Buffer {
  return method(0, 10, 61)
}

export function channelClose(channel: number, code: number, text: string): Buffer {
  return method(channel, 20, 40, u16(code), shortText(text), u32(0))
}

const ANSWERS: Readonly<Record<Method, (channel: number) => Buffer>> = {
  'connection.start-ok': () => method(0, 10, 30, u16(2_047), u32(131_072), u16(0)),
  'connection.open': () => method(0, 10, 41, shortText('')),
  'connection.close': () => method(0, 10, 51),
  'channel.open': (channel) => method(channel, 20, 11, u32(0)),
  'channel.close': (channel) => method(channel, 20, 41),
  'basic.qos': (channel) => method(channel, 60, 11),
  'basic.consume': (channel) => method(channel, 60, 21, shortText('tag')),
  'basic.publish': () => Buffer.alloc(0),
  'confirm.select': (channel) => method(channel, 85, 11),
}

/** Confirms all messages up to this one. */
export function confirmUpTo(channel: number, tag: number): Buffer {
  return method(channel, 60, 80, u32(0), u32(tag), [1])
}

function method(channel: number, classId: number, id: number, ...parts: (Buffer | number[])[]): Buffer {
  const payload = Buffer.concat([u16(classId), u16(id), ...parts.map((part) => Buffer.from(part))])
  return Buffer.concat([Buffer.from([1]), u16(channel), u32(payload.length), payload, Buffer.from([0xce])])
}

/** As `class.method`, which need not be one that we know. */
function methodOf(frame: Buffer): keyof typeof METHODS {
  return `${frame.readUInt16BE(7)}.${frame.readUInt16BE(9)}` as keyof typeof METHODS
}

/** Of the first frame, when it is complete. */
function frameSize(bytes: Buffer): number | undefined {
  if (bytes.length < 8) return undefined
  const size = bytes.readUInt32BE(3) + 8
  return bytes.length < size ? undefined : size
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function shortText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
}

function longText(text: string): Buffer {
  return Buffer.concat([u32(text.length), Buffer.from(text)])
}
