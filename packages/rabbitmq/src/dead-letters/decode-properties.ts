import { ByteReader } from './byte-reader.ts'

/** A message's properties and headers by amqplib's names, as far as they can be read. */
export type DecodedProperties = Record<string, unknown>

/**
 * Reads what amqplib chokes on: tables are read only as deep as Posthorn and RabbitMQ themselves write, and at a value
 * of a type that is unknown the rest of its table is skipped. Never throws.
 */
export function decodeProperties(bytes: Buffer): DecodedProperties {
  const properties: DecodedProperties = { headers: {} }
  const reader = new ByteReader(bytes)
  try {
    const flags = reader.short()
    PROPERTIES.forEach(([name, read], index) => {
      if ((flags & (1 << (15 - index))) !== 0) properties[name] = read(reader)
    })
  } catch {
    // Cut short: what was read until here counts.
  }
  return properties
}

const text = (reader: ByteReader) => reader.shortText()
const byte = (reader: ByteReader) => reader.byte()

/** In the order of their flags, from the highest bit. */
const PROPERTIES: readonly (readonly [string, (reader: ByteReader) => unknown])[] = [
  ['contentType', text],
  ['contentEncoding', text],
  ['headers', (reader) => decodeTable(reader.longBytes(), 0)],
  ['deliveryMode', byte],
  ['priority', byte],
  ['correlationId', text],
  ['replyTo', text],
  ['expiration', text],
  ['messageId', text],
  ['timestamp', (reader) => Number(reader.longLong())],
  ['type', text],
  ['userId', text],
  ['appId', text],
]

/** `x-death` is an array of tables: three levels. */
const DEEPEST = 3

function decodeTable(bytes: Buffer, depth: number): Record<string, unknown> {
  const table: Record<string, unknown> = Object.create(null)
  const reader = new ByteReader(bytes)
  try {
    while (!reader.atEnd) {
      const name = reader.shortText()
      table[name] = decodeValue(reader, depth)
    }
  } catch {
    // Of what follows nobody knows where it begins.
  }
  return table
}

function decodeArray(bytes: Buffer, depth: number): unknown[] {
  const array: unknown[] = []
  const reader = new ByteReader(bytes)
  try {
    while (!reader.atEnd) array.push(decodeValue(reader, depth))
  } catch {
    array.push(null)
  }
  return array
}

/** What nobody here needs is null. */
function decodeValue(reader: ByteReader, depth: number): unknown {
  const type = String.fromCharCode(reader.byte())
  if (type === 'S') return reader.longBytes().toString()
  if (type === 'F' || type === 'A') {
    const bytes = reader.longBytes()
    if (depth >= DEEPEST) return null
    return type === 'F' ? decodeTable(bytes, depth + 1) : decodeArray(bytes, depth + 1)
  }
  if (type === 'x') {
    reader.longBytes()
    return null
  }
  const width = WIDTHS[type]
  if (width === undefined) throw new RangeError('a value of an unknown type')
  const bytes = reader.take(width)
  if (type === 't') return bytes.readUInt8() !== 0
  if (type === 'T' || type === 'L') return Number(bytes.readBigUInt64BE())
  if (type === 'l') return Number(bytes.readBigInt64BE())
  if (type === 'I' || type === 'b' || type === 's') return bytes.readIntBE(0, width)
  if (type === 'i' || type === 'B' || type === 'u') return bytes.readUIntBE(0, width)
  return null
}

const WIDTHS: Readonly<Record<string, number>> = {
  t: 1,
  b: 1,
  B: 1,
  s: 2,
  u: 2,
  I: 4,
  i: 4,
  f: 4,
  l: 8,
  L: 8,
  d: 8,
  T: 8,
  D: 5,
  V: 0,
}
