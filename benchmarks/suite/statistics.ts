export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The value below which the share of the sorted values lies: `quantile(latencies, 0.99)`. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** The difference of medians, and the least and the greatest of the rounds' own differences. */
export function difference(values: readonly number[], baseline: readonly number[]): Ratio {
  const each = values.map((value, round) => value - (baseline[round] ?? Number.NaN))
  return { median: median(values) - median(baseline), least: Math.min(...each), greatest: Math.max(...each) }
}

/** A ratio of medians, and the least and the greatest of the rounds' own ratios. */
export interface Ratio {
  readonly median: number
  readonly least: number
  readonly greatest: number
}

/** Round by round, because two rounds that ran one after the other met the same machine. */
export function ratio(values: readonly number[], baseline: readonly number[]): Ratio {
  const each = values.map((value, round) => value / (baseline[round] ?? Number.NaN))
  return { median: median(values) / median(baseline), least: Math.min(...each), greatest: Math.max(...each) }
}
