import type { LedgerLine } from './ledger/facts.ts'

/** What a run came to. */
export interface Report {
  readonly seed: number
  readonly seconds: number
  /** Of what took part. */
  readonly versions: { readonly node: string; readonly rabbitMq: string; readonly postgres: string }
  /** How often each kind was injected, and healed again. */
  readonly injected: ReadonlyMap<string, number>
  /** Kinds that could not be, with the reason. */
  readonly impossible: ReadonlyMap<string, string>
  /** How often what was asked for, by which way, and what the asker knows of it. */
  readonly asked: ReadonlyMap<string, number>
  /** Events that came over the wire more than once. */
  readonly repeatedEvents: number
  /** Mails that left more than once, under the same Message-ID. */
  readonly repeatedMails: number
  /** Dead letters that had to be handled once more when everything was up again. */
  readonly replayed: number
  /** In ms since the last fault. */
  readonly quietAfter: number
  /** Processes of services. */
  readonly starts: number
  /** Resident, in MiB, of all instances in their order; `most` of any one at any time. */
  readonly memory: {
    readonly before: readonly number[]
    readonly after: readonly number[]
    readonly most: number
  }
  readonly ledger: readonly LedgerLine[]
}

export function acknowledged({ asked }: Pick<Report, 'asked'>): number {
  return [...asked].reduce((sum, [name, count]) => sum + (/ (done|accepted)$/.test(name) ? count : 0), 0)
}

export function faultCount({ injected }: Pick<Report, 'injected'>): number {
  return [...injected.values()].reduce((sum, count) => sum + count, 0)
}

export function countBy(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
