import { lineAt, parse } from '../syntax.mjs'
import type { SourceFile } from '../workspace.mjs'
import { raisedCodes } from './raised-codes.ts'

/**
 * Where the code and docs/reference/error-codes.md differ, in both directions. The document is a table
 * | `Code` | packages that raise it | when | what to do |.
 */
export function undocumentedCodes(sources: readonly SourceFile[], markdown: string): string[] {
  const { codes, computed } = raisedCodes(sources)
  const rows = documentedCodes(markdown)
  const raised = new Set(codes.map(({ code }) => code))
  const findings = computed.map((at) => `${at}: the code is not a literal`)

  for (const code of [...raised].sort()) {
    const places = codes.filter((one) => one.code === code)
    const packages = [...new Set(places.map((place) => place.package))].sort().join(', ')
    const row = rows.find((candidate) => candidate.code === code)
    if (row === undefined) findings.push(`${code} has no row (${packages}: ${places[0]?.at})`)
    else if (packages !== row.packages)
      findings.push(`${code} is raised by ${packages}; its row says ${row.packages}`)
  }
  for (const { code, complete } of rows) {
    if (!raised.has(code)) findings.push(`${code} has a row and is never raised`)
    if (!complete) findings.push(`${code} has a row with an empty cell`)
  }
  const promised = new Map(promisedCodes(sources).map(({ code, at }) => [code, at]))
  for (const [code, at] of promised)
    if (!raised.has(code)) findings.push(`${code} is promised in ${at} and never raised`)

  const order = rows.map(({ code }) => code)
  if (order.join() !== [...order].sort().join()) findings.push('the rows are not in alphabetical order')
  return findings
}

/** The codes in backticks that doc comments promise after `@throws`. */
function promisedCodes(sources: readonly SourceFile[]): { code: string; at: string }[] {
  return sources.flatMap((file) =>
    parse(file).comments.flatMap(({ value, start }) =>
      [...value.matchAll(/@throws\b(?:(?!\n[ *]*@)[\s\S])*/g)].flatMap(([text]) =>
        [...text.matchAll(/`((?!Error\b)[A-Z][a-z]\w+)`/g)].map(([, code = '']) => ({
          code,
          at: `${file.path}:${lineAt(file.text, start)}`,
        })),
      ),
    ),
  )
}

function documentedCodes(markdown: string): { code: string; packages: string; complete: boolean }[] {
  const row = /^\| *`(\w+)` *\|([^|]*)\|([^|]*)\|([^|]*)\|$/gm
  return [...markdown.matchAll(row)].map(([, code = '', packages = '', when = '', remedy = '']) => ({
    code,
    packages: packages.trim(),
    complete: when.trim() !== '' && remedy.trim() !== '',
  }))
}
