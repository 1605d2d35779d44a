import type { Verdict } from './judge.ts'
import type { Result } from './results.ts'

export function printResult({ title, contenders, targets }: Result): void {
  const measures = [...new Set(contenders.flatMap(({ medians }) => Object.keys(medians)))]
  const width = Math.max(...contenders.map(({ name }) => name.length)) + 2
  console.log(`\n${title}`)
  console.log(`  ${''.padEnd(width)}${measures.map((measure) => measure.padStart(16)).join('')}`)
  for (const { name, medians } of contenders) {
    const figures = measures.map((measure) => formatted(medians[measure]).padStart(16))
    console.log(`  ${name.padEnd(width)}${figures.join('')}`)
  }
  for (const verdict of targets) console.log(`  ${verdict.met ? '✓' : '✗'} ${sentence(verdict)}`)
}

export function sentence({ text, value: { median, least, greatest } }: Verdict): string {
  return `${text} – ${formatted(median)} (${formatted(least)} to ${formatted(greatest)})`
}

/** Three figures that count. */
export function formatted(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–'
  const precise = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
  return precise.toLocaleString('en-US', { maximumSignificantDigits: 15 })
}
