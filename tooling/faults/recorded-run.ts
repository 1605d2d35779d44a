import { acknowledged, type Report } from './report.ts'
import type { Verdict } from './verdict.ts'

/** A run as docs/reference/fault-runs.jsonl keeps it, one on each line. */
export interface RecordedRun {
  /** When it ended, as an ISO date. */
  readonly date: string
  /** With a `+` where the tree held more than that. */
  readonly commit: string
  readonly versions: Report['versions']
  readonly seed: number
  readonly seconds: number
  readonly verdict: 'balanced' | 'unbalanced' | 'inconclusive'
  readonly acknowledged: number
  readonly faults: Readonly<Record<string, number>>
  readonly repeatedEvents: number
  readonly repeatedMails: number
  /** Dead letters. */
  readonly replayed: number
  /** Processes of services. */
  readonly starts: number
  /** Resident, in MiB, of one instance on the average. */
  readonly memory: { readonly before: number; readonly after: number; readonly most: number }
}

export function recordOf(report: Report, { exitCode }: Verdict, commit: string): RecordedRun {
  const { versions, seed, seconds, injected, repeatedEvents, repeatedMails, replayed, starts, memory } =
    report
  return {
    date: new Date().toISOString().slice(0, 10),
    commit,
    versions,
    seed,
    seconds,
    verdict: exitCode === 0 ? 'balanced' : exitCode === 1 ? 'unbalanced' : 'inconclusive',
    acknowledged: acknowledged(report),
    faults: Object.fromEntries(injected),
    repeatedEvents,
    repeatedMails,
    replayed,
    starts,
    memory: { before: average(memory.before), after: average(memory.after), most: memory.most },
  }
}

function average(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length))
}
