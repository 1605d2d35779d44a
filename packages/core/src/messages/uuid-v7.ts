import { randomFillSync } from 'node:crypto'

const pool = new Uint8Array(4096)
let used = pool.length
let last = 0
let counter = 0

/**
 * A UUIDv7 (RFC 9562, §6.2 method 1) that is greater than every one this process made before, even when the wall
 * clock steps back: sorting messages by id gives the order in which they were made.
 */
export function uuidV7(): string {
  const now = Date.now()
  if (now > last) {
    last = now
    counter = 0
  } else if (++counter > 0xfff) {
    last += 1
    counter = 0
  }
  if (used + 8 > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const time = last.toString(16).padStart(12, '0')
  const variant = HEX[(byte() & 0x3f) | 0x80]
  const sequence = (0x7000 | counter).toString(16)
  let node = ''
  for (let i = 0; i < 7; i++) node += HEX[byte()]
  return `${time.slice(0, 8)}-${time.slice(8)}-${sequence}-${variant}${node.slice(0, 2)}-${node.slice(2)}`
}

const HEX = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'))

function byte(): number {
  const value = pool[used] ?? 0
  used += 1
  return value
}
