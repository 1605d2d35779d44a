import type { Range } from './latency.ts'
import type { Outcome } from './outcome.ts'
import { nothingOmitted, type Omitted } from './plan.ts'

/** What fails in the same way, with as little as was found. */
export interface Shrunk {
  readonly outcome: Outcome
  readonly omitted: Omitted
  /** How many runs it took. */
  readonly runs: number
}

interface Limits {
  readonly requests: number
  readonly faults: number
  /** The most runs to be made. */
  readonly runs: number
}

/** The finest part of a run, as a fraction, that is made calm by itself. */
const FINEST = 32

/**
 * Looks for the simplest run that breaks the same promise: without requests and faults that do not matter, and with
 * nothing left to chance where chance does not matter.
 */
export async function shrink(
  failed: Outcome,
  run: (omitted: Omitted) => Promise<Outcome>,
  limits: Limits,
): Promise<Shrunk> {
  let best: { readonly outcome: Outcome; readonly omitted: Omitted } = {
    outcome: failed,
    omitted: nothingOmitted,
  }
  let runs = 0
  const tries = async (change: (omitted: Omitted) => Omitted): Promise<boolean> => {
    if (runs >= limits.runs) return false
    runs += 1
    const omitted = change(best.omitted)
    const outcome = await run(omitted)
    if (outcome.violation?.invariant !== failed.violation?.invariant) return false
    best = { outcome, omitted }
    return true
  }

  const calmAll = () => tries((omitted) => ({ ...omitted, calm: [[0, Number.POSITIVE_INFINITY]] }))
  for (let before = -1; before !== sizeOf(best.omitted) && runs < limits.runs; ) {
    before = sizeOf(best.omitted)
    await omitEach(limits.faults, best.omitted.faults, (faults) =>
      tries((omitted) => ({ ...omitted, faults })),
    )
    await omitEach(limits.requests, best.omitted.requests, (requests) =>
      tries((omitted) => ({ ...omitted, requests })),
    )
  }
  if (!(await calmAll())) {
    for (let parts = 2; parts <= FINEST; parts *= 2) {
      const size = Math.ceil(best.outcome.draws / parts)
      for (let from = 0; from < best.outcome.draws; from += size) {
        const range: Range = [from, from + size]
        await tries((omitted) => ({ ...omitted, calm: [...omitted.calm, range] }))
      }
    }
  }
  return { ...best, runs }
}

/** First all at once, then halves, and so on down to single ones. */
async function omitEach(
  count: number,
  already: ReadonlySet<number>,
  tryWithout: (omitted: ReadonlySet<number>) => Promise<boolean>,
): Promise<void> {
  let omitted = already
  for (let size = count; size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < count; from += size) {
      const chunk = Array.from({ length: size }, (_, index) => from + index).filter(
        (index) => index < count && !omitted.has(index),
      )
      if (chunk.length === 0) continue
      const next = new Set([...omitted, ...chunk])
      if (await tryWithout(next)) omitted = next
    }
  }
}

function sizeOf({ requests, faults }: Omitted): number {
  return requests.size + faults.size
}
