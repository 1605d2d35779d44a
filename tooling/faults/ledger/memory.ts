import type { Facts, LedgerLine } from './facts.ts'

/** Before that, in s, a process that has just been started is compared with another such. */
const LONG_ENOUGH = 240
const MOST = 1.2

/** The services' memory returns to what it was before the faults, but for a fifth. */
export function memory({ memory: { before, after, seconds } }: Pick<Facts, 'memory'>): LedgerLine {
  const name = 'memory is back to within 20 %'
  if (seconds < LONG_ENOUGH) return { name, checked: 0, differences: [] }
  const [one, other] = [average(before), average(after)]
  const differences =
    other > one * MOST ? [`${one.toFixed(0)} MiB before, ${other.toFixed(0)} MiB after`] : []
  return { name, checked: after.length, differences }
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
