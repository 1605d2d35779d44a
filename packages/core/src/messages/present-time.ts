let last = Number.NaN
let text = ''

/** The date in ISO 8601, UTC, with milliseconds. Its writing takes longer than most of a message: once for each of them. */
export function presentTime(): string {
  const now = Date.now()
  if (now !== last) text = new Date(now).toISOString()
  last = now
  return text
}
