import type { SourceFile } from '../workspace.mjs'
import { pageClaims, titleClaims } from './title-ids.ts'

/** Faults, bad inputs, hazards of the clients, and what every external bus must do: so many rows under each letter. */
const ROWS: Readonly<Record<string, number>> = { F: 40, B: 23, K: 12, C: 93 }

/** Rows that neither a test's title nor a sentence of the page answers, and those that do not exist. */
export function unansweredRows(
  page: string,
  tests: readonly SourceFile[],
  rows: Readonly<Record<string, number>> = ROWS,
): string[] {
  const wanted = new Set(
    Object.entries(rows).flatMap(([letter, count]) =>
      Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
    ),
  )
  const claims = [...tests.flatMap(titleClaims), ...pageClaims(page)].filter(({ id }) =>
    /^[A-Z]\d+$/.test(id),
  )
  const answered = new Set(claims.map(({ id }) => id))
  const unknown = claims.filter(({ id }) => !wanted.has(id))
  const unanswered = [...wanted].filter((id) => !answered.has(id))
  return [
    ...unknown.map(({ id, by }) => `${id} does not exist; ${by} claims it`),
    ...unanswered.map((id) => `${id} has neither a test nor a sentence`),
  ]
}
