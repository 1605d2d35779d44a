import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** Where Node announces each new client's socket; Node 20 leaves those of TLS out. */
const NEW_SOCKET = 'net.client.socket'
/** Frames of a handshake are far smaller: more is not AMQP, and amqplib says so. */
const LARGEST = 2 ** 16

/**
 * Has `connect` see no more than one frame in each turn of the event loop until it has resolved. amqplib reads on behind
 * the broker's last word of the handshake before it hands its connection over: an error that came along with that word
 * would find no listener, and end the process; a goodbye, or that the broker is blocked, nobody would hear.
 */
export async function frameByFrame<T>(connect: () => Promise<T>): Promise<T> {
  let resume = () => {}
  const slowDown = (message: unknown) => {
    resume = readByFrames((message as { readonly socket: Socket }).socket)
  }
  let connecting: Promise<T>
  // Only `connect` runs meanwhile: the socket is its own.
  subscribe(NEW_SOCKET, slowDown)
  try {
    connecting = connect()
  } finally {
    unsubscribe(NEW_SOCKET, slowDown)
  }
  const connected = await connecting
  resume()
  return connected
}

/** @returns what has it read as usual again */
function readByFrames(socket: Socket): () => void {
  const read = socket.read.bind(socket)
  let rest: Buffer = Buffer.alloc(0)
  let waiting = false
  const next = () => {
    waiting = false
    socket.emit('readable')
  }
  socket.read = () => {
    if (waiting) return null
    // Asked only when nothing else is left: asked after its last byte the socket would end.
    if (firstFrame(rest) === null) rest = Buffer.concat([rest, read() ?? Buffer.alloc(0)])
    const end = firstFrame(rest)
    if (end === null) return null
    const frame = rest.subarray(0, end)
    rest = rest.subarray(end)
    waiting = true
    setImmediate(next)
    return frame
  }
  return () => {
    socket.read = read
    if (rest.length > 0) socket.unshift(rest)
  }
}

/** Where the first frame ends; null when it is not complete. */
function firstFrame(bytes: Buffer): number | null {
  if (bytes.length < 7) return null
  const end = bytes.readUInt32BE(3) + 8
  if (end > LARGEST) return bytes.length
  return end <= bytes.length ? end : null
}
