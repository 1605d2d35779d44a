const SURROGATES = [0xd800, 0xdfff] as const

/** Orders names as Postgres does under `collate "C"`; comparing strings in JavaScript goes by UTF-16 code units. */
export function byCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const [one, other] = [a.charCodeAt(index), b.charCodeAt(index)]
    if (one !== other) return place(one) - place(other)
  }
  return a.length - b.length
}

/** Halves of a code point beyond 16 bits come after all that are whole. */
function place(unit: number): number {
  const [first, last] = SURROGATES
  return unit >= first && unit <= last ? unit + 0x10000 : unit
}
