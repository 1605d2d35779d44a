import type { Simulated } from './run-seeds.ts'

/** All that was simulated, in figures. */
export interface Summary {
  readonly seeds: number
  readonly requests: number
  readonly steps: number
  readonly virtualHours: number
  readonly faults: Readonly<Record<string, number>>
  readonly violations: number
  /** The same for the same seeds, on every machine and in any number of threads. */
  readonly traces: string
  readonly seconds: number
}

export function summaryOf({ reports, failures }: Simulated, seconds: number): Summary {
  const sum = (of: 'seeds' | 'steps' | 'requests' | 'time') =>
    reports.reduce((all, report) => all + report[of], 0)
  const faults: Record<string, number> = {}
  for (const report of reports) {
    for (const [name, count] of Object.entries(report.faults)) faults[name] = (faults[name] ?? 0) + count
  }
  const traces = reports.reduce((all, { hash }) => BigInt.asUintN(64, all + BigInt(`0x${hash}`)), 0n)
  return {
    seeds: sum('seeds'),
    requests: sum('requests'),
    steps: sum('steps'),
    virtualHours: sum('time') / 3_600_000,
    faults,
    violations: failures.length,
    traces: traces.toString(16).padStart(16, '0'),
    seconds,
  }
}
