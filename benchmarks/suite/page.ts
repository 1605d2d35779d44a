import { readFileSync, writeFileSync } from 'node:fs'
import { rows } from '../rows/all-rows.ts'
import { chartOf } from './chart.ts'
import { formatted, sentence } from './print-result.ts'
import { type Result, readResults } from './results.ts'

const docs = new URL('../../../docs/reference/', import.meta.url)
const BEGIN = '<!-- results: written by npm run bench -- --record -->'
const END = '<!-- end of results -->'

/** Writes the results that are kept into the performance page, and draws the chart. */
export function writePage(): void {
  const page = new URL('performance.md', docs)
  const results = readResults()
  const known = rows.flatMap(({ name }) => results.get(name) ?? [])
  const text = readFileSync(page, 'utf8')
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (before < 0 || after < before) throw new Error(`${page.pathname} has no place for the results`)
  const tables = known.map(section).join('\n')
  writeFileSync(page, `${text.slice(0, before + BEGIN.length)}\n\n${tables}\n${text.slice(after)}`)
  writeFileSync(new URL('performance.svg', docs), chartOf(known))
}

function section(result: Result): string {
  const { title, work, date, commit, machine, versions, contenders, targets } = result
  const measures = [...new Set(contenders.flatMap(({ medians }) => Object.keys(medians)))]
  const servers = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const lines = [
    `### ${title}`,
    '',
    `${work} Medians of ${contenders[0]?.samples.length} interleaved rounds, ${date}, commit ${commit}; ${machine}; ${servers.join(', ')}.`,
    '',
    `| | ${measures.join(' | ')} | set up |`,
    `|---|${'---:|'.repeat(measures.length)}---|`,
    ...contenders.map(
      ({ name, version = '', medians, settings }) =>
        `| ${`${name} ${version}`.trim()} | ${measures.map((measure) => formatted(medians[measure])).join(' | ')} | ${settings} |`,
    ),
    '',
    ...targets.map((verdict) => `- ${verdict.met ? 'met' : '**missed**'}: ${sentence(verdict)}`),
    '',
  ]
  return lines.join('\n')
}
