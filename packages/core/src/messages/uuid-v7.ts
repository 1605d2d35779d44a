import { randomFillSync } from 'node:crypto'

/** Gives a new UUIDv7 each time. */
export type UuidSource = () => string

/**
 * A source of UUIDv7s (RFC 9562, §6.2 method 1) each of which is greater than every one before, even when the wall clock
 * steps back: sorting messages by id gives the order in which they were made.
 *
 * @param now the date, in ms
 * @param fill fills an array with random bytes
 * @param poolSize how many bytes are drawn at once
 */
export function uuidSource(
  now: () => number,
  fill: (bytes: Uint8Array) => void,
  poolSize = 4096,
): UuidSource {
  const pool = new Uint8Array(poolSize)
  let used = pool.length
  let last = 0
  let counter = 0

  const byte = () => {
    const value = pool[used] ?? 0
    used += 1
    return value
  }

  return () => {
    const present = now()
    if (present > last) {
      last = present
      counter = 0
    } else if (++counter > 0xfff) {
      last += 1
      counter = 0
    }
    if (used + 8 > pool.length) {
      fill(pool)
      used = 0
    }
    const time = last.toString(16).padStart(12, '0')
    const variant = HEX[(byte() & 0x3f) | 0x80]
    const sequence = (0x7000 | counter).toString(16)
    let node = ''
    for (let i = 0; i < 7; i++) node += HEX[byte()]
    return `${time.slice(0, 8)}-${time.slice(8)}-${sequence}-${variant}${node.slice(0, 2)}-${node.slice(2)}`
  }
}

const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))

let source = uuidSource(() => Date.now(), randomFillSync)

/** A UUIDv7 that is greater than every one this process made before. */
export function uuidV7(): string {
  return source()
}

/** Has ids come from elsewhere, for a simulation of several processes in one. Gives the function that ends it. */
export function replaceUuidSource(next: UuidSource): () => void {
  const previous = source
  source = next
  return () => {
    source = previous
  }
}
