/** Orders names as Postgres does under `collate "C"`; comparing strings in JavaScript goes by UTF-16 code units. */
export function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
