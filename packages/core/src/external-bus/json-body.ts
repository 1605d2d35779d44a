import { MAX_DEPTH } from '../messages/payload.ts'

export type BodyFault = 'too-deep' | 'bad-encoding' | 'bad-json' | 'prototype-key'

export type DecodedBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly fault: BodyFault }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The JSON in a body from a stranger. Its depth is measured before it is parsed: `JSON.parse` takes half a million
 * levels, on which everything after it overflows the stack. Keys that reach for a prototype are refused.
 */
export function decodeBody(body: Uint8Array): DecodedBody {
  if (isTooDeep(body)) return { ok: false, fault: 'too-deep' }
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    return { ok: false, fault: 'bad-encoding' }
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, fault: 'bad-json' }
  }
  const suspicious = text.includes('__proto__') || text.includes('constructor') || text.includes('\\u')
  if (suspicious && reachesForPrototype(value)) return { ok: false, fault: 'prototype-key' }
  return { ok: true, value }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const OPEN_OBJECT = 0x7b
const CLOSE_ARRAY = 0x5d
const CLOSE_OBJECT = 0x7d

/** Bytes of a multi-byte character are all above 0x7f, so brackets can be counted without decoding. */
function isTooDeep(body: Uint8Array): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number
    if (inString) {
      if (byte === BACKSLASH) i += 1
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1
      if (depth > MAX_DEPTH) return true
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth -= 1
  }
  return false
}

function reachesForPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Object.hasOwn(value, '__proto__')) return true
  const entries = Object.entries(value)
  return entries.some(
    ([key, held]) => (key === 'constructor' && isPrototypeHolder(held)) || reachesForPrototype(held),
  )
}

function isPrototypeHolder(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}
