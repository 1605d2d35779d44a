import { acknowledged, faultCount, type Report } from './report.ts'

const MOST_DIFFERENCES = 12

/** The report as one table, and below it what does not balance. */
export function printReport(report: Report): void {
  const { injected, impossible, asked, memory, ledger } = report
  const outcomes = new Map<string, number>()
  for (const [name, count] of asked) {
    const outcome = name.replace(/^\S+ /, '')
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count)
  }
  print('faults', [...injected, ['in all', faultCount(report)]])
  if (impossible.size > 0) print('not possible here', [...impossible])
  print('requests', [...[...outcomes].sort(), ['acknowledged', acknowledged(report)]])
  print('absorbed', [
    ['events repeated on the wire', report.repeatedEvents],
    ['mails repeated', report.repeatedMails],
    ['dead letters replayed', report.replayed],
    ['processes started', report.starts],
    ['quiet after, s', (report.quietAfter / 1_000).toFixed(1)],
    ['memory before, MiB', memory.before.join(' ')],
    ['memory after, MiB', `${memory.after.join(' ')}, ${memory.most} at most`],
  ])
  print(
    'ledger',
    ledger.map(({ name, checked, differences }) => [
      name,
      differences.length === 0 ? `${checked} ok` : `${differences.length} DIFFERENCES of ${checked}`,
    ]),
  )
  for (const { name, differences } of ledger.filter((line) => line.differences.length > 0)) {
    console.log(`\n${name}:`)
    for (const difference of differences.slice(0, MOST_DIFFERENCES)) console.log(`  ${difference}`)
    if (differences.length > MOST_DIFFERENCES)
      console.log(`  and ${differences.length - MOST_DIFFERENCES} more`)
  }
}

function print(title: string, rows: readonly (readonly [string, string | number])[]): void {
  console.log(`\n${title}`)
  const width = Math.max(...rows.map(([name]) => name.length))
  for (const [name, value] of rows) console.log(`  ${name.padEnd(width)}  ${value}`)
}
