import type { Simulated } from './in-threads.ts'
import type { Failure } from './run-seeds.ts'

export function printFailure({ seed, text, diagram }: Failure): void {
  console.log(`${text}\n\`\`\`mermaid\n${diagram}\n\`\`\`\n`)
  console.log(`Again: pnpm simulate --seed ${seed} --trace`)
}

export function printReport({ reports, failures }: Simulated, seconds: number): void {
  const sum = (of: 'seeds' | 'steps' | 'requests' | 'time') => reports.reduce((all, report) => all + report[of], 0)
  const faults = new Map<string, number>()
  for (const report of reports) {
    for (const [name, count] of Object.entries(report.faults)) faults.set(name, (faults.get(name) ?? 0) + count)
  }
  const seeds = sum('seeds')
  const rows = [
    ['seeds', seeds],
    ['requests', sum('requests')],
    ['steps', sum('steps')],
    ['virtual time', `${(sum('time') / 3_600_000).toFixed(1)} h`],
    ['faults', [...faults.values()].reduce((all, count) => all + count, 0)],
    ...[...faults].sort().map(([name, count]) => [`  ${name}`, count]),
    ['violations', failures.length],
    ['time', `${seconds.toFixed(1)} s, ${(seeds / seconds).toFixed(0)} seeds/s`],
  ]
  for (const [name, value] of rows) console.log(`${String(name).padEnd(18)} ${value}`)
}
