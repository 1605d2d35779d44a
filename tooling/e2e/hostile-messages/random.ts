import { seeded } from '../../faults/random.ts'

/** Chances that are the same for the same seed. */
export interface Random {
  /** From 0 to below `limit`. */
  int(limit: number): number
  chance(share: number): boolean
  pick<T>(list: readonly T[]): T
  bytes(length: number): Buffer
}

export function randomness(seed: number): Random {
  const { chance, int: between, pick } = seeded(seed)
  const int = (limit: number) => between(0, limit - 1)
  return { int, chance, pick, bytes: (length) => Buffer.from(Array.from({ length }, () => int(256))) }
}
