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
  const pool = Buffer.alloc(poolSize)
  let random = ''
  let used = 0
  let last = 0
  let time = ''
  let counter = 0

  const setTime = (ms: number) => {
    const hex = ms.toString(16).padStart(12, '0')
    last = ms
    time = `${hex.slice(0, 8)}-${hex.slice(8)}-7`
    counter = 0
  }

  return () => {
    const present = now()
    if (present > last) setTime(present)
    else if (++counter > 0xfff) setTime(last + 1)
    if (used + 16 > random.length) {
      fill(pool)
      random = pool.toString('hex')
      used = 0
    }
    const at = used
    used += 16
    // Its first two bits; the other two of its first digit are not used.
    const variant = '89ab'[(pool[at / 2] ?? 0) >> 6]
    const sequence = (0x1000 | counter).toString(16).slice(1)
    return `${time}${sequence}-${variant}${random.slice(at + 1, at + 4)}-${random.slice(at + 4, at + 16)}`
  }
}

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
