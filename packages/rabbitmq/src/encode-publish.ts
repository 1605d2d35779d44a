import type { publishFields, publishProperties } from './message-properties.ts'

/** Room for all of a message but its body; what needs more is left to amqplib. */
const scratch = Buffer.allocUnsafeSlow(8_192)
const LONGEST_TEXT = 255
const FRAME_END = 0xce
/** Around a frame's payload: kind, channel, size; and its end. */
const FRAME_HEAD = 7
const FRAME_OVERHEAD = FRAME_HEAD + 1
const METHOD = 1
const CONTENT_HEADER = 2
const BODY = 3
const BASIC = 60
const PUBLISH = 40

/** Where to write next. */
let end = 0
/** Whether all so far is such as this encodes. */
let fits = true

/**
 * A message as it goes over the wire: what amqplib makes in five buffers, in one, which takes a quarter of the time.
 * Null for a message that is not such as Posthorn sends every day (a header that is no text, a text or a body that is too
 * long): amqplib knows how to send or to refuse it.
 */
export function encodePublish(
  channel: number,
  { exchange, routingKey, mandatory }: ReturnType<typeof publishFields>,
  properties: ReturnType<typeof publishProperties>,
  body: Buffer,
  frameMax: number,
): Buffer | null {
  end = 0
  fits = body.length <= frameMax - FRAME_OVERHEAD
  const method = beginFrame(METHOD, channel)
  put16(BASIC)
  put16(PUBLISH)
  put16(0)
  putText(exchange)
  putText(routingKey)
  put8(mandatory ? 1 : 0)
  endFrame(method)
  const header = beginFrame(CONTENT_HEADER, channel)
  put16(BASIC)
  put16(0)
  put64(body.length)
  putProperties(properties)
  endFrame(header)
  if (!fits) return null
  if (body.length === 0) return Buffer.from(scratch.subarray(0, end))
  beginFrame(BODY, channel)
  scratch.writeUInt32BE(body.length, end - 4)
  const whole = Buffer.allocUnsafe(end + body.length + 1)
  scratch.copy(whole, 0, 0, end)
  body.copy(whole, end)
  whole[whole.length - 1] = FRAME_END
  return whole
}

/** A number for each that is there, then all of them, in AMQP's order. */
function putProperties(properties: ReturnType<typeof publishProperties>): void {
  const flags = end
  put16(0)
  let present = 0
  if (putProperty(properties.contentType)) present |= 0x8000
  if (putProperty(properties.contentEncoding)) present |= 0x4000
  if (putTable(properties.headers)) present |= 0x2000
  if (properties.deliveryMode !== undefined) {
    put8(properties.deliveryMode)
    present |= 0x1000
  }
  if (putProperty(properties.correlationId)) present |= 0x400
  if (putProperty(properties.replyTo)) present |= 0x200
  if (putProperty(properties.expiration)) present |= 0x100
  if (putProperty(properties.messageId)) present |= 0x80
  if (properties.timestamp !== undefined) {
    put64(properties.timestamp)
    present |= 0x40
  }
  if (putProperty(properties.type)) present |= 0x20
  if (putProperty(properties.userId)) present |= 0x10
  if (putProperty(properties.appId)) present |= 0x8
  scratch.writeUInt16BE(present, flags)
}

function putProperty(text: string | undefined): boolean {
  if (text === undefined) return false
  putText(text)
  return true
}

function putTable(table: Readonly<Record<string, unknown>> | undefined): boolean {
  if (table === undefined) return false
  const start = end
  put32(0)
  for (const name of Object.keys(table)) {
    const value = table[name]
    if (typeof value === 'string') {
      putText(name)
      putLongText(value)
    } else if (value !== undefined) fits = false
  }
  scratch.writeUInt32BE(end - start - 4, start)
  return true
}

function putText(text: string): void {
  const { length } = text
  // No character takes more than three bytes for each of its units.
  const isShort = length <= LONGEST_TEXT / 3 || Buffer.byteLength(text) <= LONGEST_TEXT
  if (!isShort || !hasRoom(LONGEST_TEXT)) {
    fits = false
    return
  }
  const bytes = scratch.write(text, end + 1)
  scratch[end] = bytes
  end += 1 + bytes
}

function putLongText(text: string): void {
  if (!hasRoom(text.length * 3)) {
    fits = false
    return
  }
  put8(0x53)
  const bytes = scratch.write(text, end + 4)
  put32(bytes)
  end += bytes
}

/** For so many bytes, and the few of fixed size that may follow before it is asked again. */
function hasRoom(bytes: number): boolean {
  return end + bytes + 64 <= scratch.length
}

function beginFrame(kind: number, channel: number): number {
  const start = end
  put8(kind)
  put16(channel)
  put32(0)
  return start
}

function endFrame(start: number): void {
  scratch.writeUInt32BE(end - start - FRAME_HEAD, start + 3)
  put8(FRAME_END)
}

function put8(value: number): void {
  scratch[end] = value
  end += 1
}

function put16(value: number): void {
  scratch.writeUInt16BE(value, end)
  end += 2
}

function put32(value: number): void {
  scratch.writeUInt32BE(value, end)
  end += 4
}

function put64(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    fits = false
    return
  }
  put32(Math.floor(value / 2 ** 32))
  put32(value % 2 ** 32)
}
