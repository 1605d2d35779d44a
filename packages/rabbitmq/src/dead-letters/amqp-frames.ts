import { ByteReader } from './byte-reader.ts'

/** What AMQP 0-9-1 sends: a method, the header or a part of the body of a message, or a sign of life. */
export interface AmqpFrame {
  readonly kind: number
  readonly channel: number
  readonly payload: Buffer
}

export const METHOD = 1
export const CONTENT_HEADER = 2
export const BODY = 3
export const HEARTBEAT = 8
const FRAME_END = 0xce

/** The methods that reading a queue takes, as `class << 16 | method`. */
export const METHODS = {
  start: 0x000a000a,
  startOk: 0x000a000b,
  tune: 0x000a001e,
  tuneOk: 0x000a001f,
  open: 0x000a0028,
  openOk: 0x000a0029,
  close: 0x000a0032,
  closeOk: 0x000a0033,
  channelOpen: 0x0014000a,
  channelOpenOk: 0x0014000b,
  channelClose: 0x00140028,
  channelCloseOk: 0x00140029,
  declare: 0x0032000a,
  declareOk: 0x0032000b,
  get: 0x003c0046,
  getOk: 0x003c0047,
  getEmpty: 0x003c0048,
  ack: 0x003c0050,
  nack: 0x003c0078,
} as const

export function encodeFrame(kind: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7)
  head.writeUInt8(kind, 0)
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, Buffer.of(FRAME_END)])
}

export function encodeMethod(channel: number, method: number, ...fields: readonly Buffer[]): Buffer {
  return encodeFrame(METHOD, channel, Buffer.concat([long(method), ...fields]))
}

export function short(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function long(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function longLong(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

export function shortText(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

export function longBytes(bytes: Buffer): Buffer {
  return Buffer.concat([long(bytes.length), bytes])
}

/** Cuts a stream into frames: takes what has arrived, gives what is complete. */
export class FrameSplitter {
  #rest: Buffer[] = []
  #length = 0

  push(chunk: Buffer): readonly AmqpFrame[] {
    this.#rest.push(chunk)
    this.#length += chunk.length
    const frames: AmqpFrame[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): AmqpFrame | undefined {
    if (this.#length < 8) return undefined
    const [only, ...more] = this.#rest
    const bytes = only !== undefined && more.length === 0 ? only : Buffer.concat(this.#rest)
    this.#rest = [bytes]
    const size = bytes.readUInt32BE(3)
    if (bytes.length < size + 8) return undefined
    if (bytes[size + 7] !== FRAME_END) throw new Error('the broker does not speak AMQP 0-9-1')
    this.#rest = [bytes.subarray(size + 8)]
    this.#length = bytes.length - size - 8
    return {
      kind: bytes.readUInt8(0),
      channel: bytes.readUInt16BE(1),
      payload: bytes.subarray(7, size + 7),
    }
  }
}

/** A method's number, and its fields to be read. */
export function openMethod(payload: Buffer): { readonly method: number; readonly fields: ByteReader } {
  const fields = new ByteReader(payload)
  return { method: fields.long(), fields }
}
