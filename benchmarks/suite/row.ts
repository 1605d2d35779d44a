/** What one round of work has shown, by the name of the measure: `events/s`, `p50 ms`. */
export type Figures = Readonly<Record<string, number>>

/** One question, put to several contenders who do the same work. */
export interface Row {
  /** Its folder's name, and what it is called on the command line. */
  readonly name: string
  /** Its contenders' folder, when several rows put different questions to the same ones. */
  readonly folder?: string
  readonly title: string
  /** What one round is: the same work for all. */
  readonly work: string
  readonly contenders: readonly Candidate[]
  /** Which figure counts, and whether more of it is better or less. */
  readonly measures: Readonly<Record<string, 'more' | 'less'>>
  readonly targets: readonly Target[]
  /** Rounds of each contender, interleaved. */
  readonly rounds: number
  /** Rounds before them that count for nothing; 1 unless given. Much code takes some 10,000 messages to be compiled. */
  readonly warmUp?: number
  /** How much work one round is; `smoke` only shows that the row runs. */
  readonly size: { readonly full: number; readonly smoke: number }
  /** How much of it is under way at once; 1 unless given. */
  readonly width?: number
}

/** Somebody who does the work, in a process of their own. */
export interface Candidate {
  readonly name: string
  /** The file in the row's folder, without its extension. */
  readonly module: string
  /** What tells contenders of one module apart: letters, digits, dashes. The module is handed it. */
  readonly argument?: string
  /** How it is set up, and why that is what its own documents recommend for these guarantees. */
  readonly settings: string
  /** The package whose version is noted. */
  readonly packageName?: string
}

/** What Posthorn has to reach: a ratio of medians, its own to another's. */
export interface Target {
  readonly contender: string
  readonly measure: string
  /** A contender's name; `every peer` is each that is neither Posthorn nor raw. Without it the figure itself counts. */
  readonly against?: string
  readonly atLeast?: number
  readonly atMost?: number
  /** The difference counts instead of the ratio: so much more than the other at the most, in the measure's unit. */
  readonly atMostOver?: number
}
