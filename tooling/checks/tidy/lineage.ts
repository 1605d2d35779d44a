import type { SourceFile } from '../workspace.mjs'
import { type Claim, pageClaims, titleClaims } from './title-ids.ts'

/** What the tests of the systems that Posthorn succeeds promise: so many behaviours under each prefix, from 01 on. */
const BEHAVIOURS: Readonly<Record<string, number>> = {
  MSG: 52,
  ERR: 20,
  EXB: 17,
  AGG: 8,
  REP: 7,
  UOW: 11,
  RMQ: 11,
  COR: 29,
  DOM: 58,
  HND: 62,
  BUS: 58,
  U4: 9,
  EXA: 11,
  COS: 51,
}

/**
 * Behaviours that nothing answers, that two answer, or that do not exist. A test answers by a title that begins with
 * their IDs, wherever the title is written; the page by a bullet such as `- **MSG-21 to MSG-24, MSG-51**: a sentence.`
 */
export function lineageFaults(
  page: string,
  tests: readonly SourceFile[],
  behaviours: Readonly<Record<string, number>> = BEHAVIOURS,
): string[] {
  const claimants = new Map<string, string[]>()
  for (const [prefix, count] of Object.entries(behaviours)) {
    for (let number = 1; number <= count; number++) claimants.set(idOf(prefix, number), [])
  }
  const findings: string[] = []
  for (const { id, by } of [...tests.flatMap(titleClaims), ...pageClaims(page)].filter(isBehaviour)) {
    const known = claimants.get(id)
    if (known === undefined) findings.push(`${id} does not exist; ${by} claims it`)
    else known.push(by)
  }
  for (const [id, by] of claimants) {
    if (by.length === 0) findings.push(`${id} has neither a test nor a sentence`)
    if (by.length > 1) findings.push(`${id} is claimed by ${by.join(' and by ')}`)
  }
  return findings
}

/** Faults that the two tables of the page leave out, or answer without a test: `| 7 | … | … | test |`. */
export function unansweredFaults(page: string, counts: readonly number[]): string[] {
  const tables = page.split(/^## /m).flatMap((section) => {
    const rows = [...section.matchAll(/^\| (\d+) \|(.*)\|$/gm)].map(([, number, rest = '']) => ({
      number: Number(number),
      tested: rest.includes('`test: '),
    }))
    return rows.length === 0 ? [] : [rows]
  })
  const wrong = tables.flatMap((rows) =>
    rows.flatMap(({ number, tested }, i) => {
      if (number !== i + 1) return [`fault ${number} stands at place ${i + 1}`]
      return tested ? [] : [`fault ${number} cites no test`]
    }),
  )
  const sizes = tables.map(({ length }) => length)
  return sizes.join() === counts.join() ? wrong : [`the tables hold ${sizes.join(' and ')} faults`, ...wrong]
}

function idOf(prefix: string, number: number): string {
  return `${prefix}-${String(number).padStart(2, '0')}`
}

function isBehaviour({ id }: Claim): boolean {
  return id.includes('-')
}
