/** Chances that are the same for the same seed. */
export interface Random {
  /** From 0 to below `limit`. */
  int(limit: number): number
  chance(share: number): boolean
  pick<T>(list: readonly T[]): T
  bytes(length: number): Buffer
}

/** Mulberry32. */
export function randomness(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (limit: number) => Math.floor(next() * limit)
  return {
    int,
    chance: (share) => next() < share,
    pick: (list) => list[int(list.length)] as (typeof list)[number],
    bytes: (length) => Buffer.from(Array.from({ length }, () => int(256))),
  }
}
